-- Keeps a request's own id if it can harm no log, and removes from an answer what it names in Connection
-- (RFC 9110, 7.6.1); Envoy does that for requests itself.
local KEPT = {
  ["close"] = true, ["keep-alive"] = true, ["upgrade"] = true,
  ["connection"] = true, ["content-length"] = true, ["transfer-encoding"] = true,
}
local GIVEN_ID = "x-given-request-id"

function envoy_on_request(handle)
  local headers = handle:headers()
  local given = headers:get(GIVEN_ID)
  if given then
    headers:remove(GIVEN_ID)
    if #given <= 64 and given:match("^[%w_.-]+$") then
      headers:replace("x-request-id", given)
    end
  end
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local connection = headers:get("connection")
  if connection then
    for name in connection:gmatch("[^,%s]+") do
      if not KEPT[name:lower()] then
        headers:remove(name)
      end
    end
  end
end
