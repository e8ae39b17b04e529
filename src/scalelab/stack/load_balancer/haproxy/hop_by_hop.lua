-- Removes the header fields that a message names in Connection (RFC 9110, 7.6.1): the configuration language
-- has no loop over them. What frames or addresses the message is kept, whoever names it.
local KEPT = {
  ["close"] = true, ["keep-alive"] = true, ["upgrade"] = true,
  ["connection"] = true, ["content-length"] = true, ["transfer-encoding"] = true, ["host"] = true,
}

local function names_in_connection(headers)
  local names = {}
  for _, value in pairs(headers["connection"] or {}) do
    for name in value:gmatch("[^,%s]+") do
      names[#names + 1] = name:lower()
    end
  end
  return names
end

local function strip(http, headers, delete, set)
  local upgrade = false
  for _, name in ipairs(names_in_connection(headers)) do
    if name == "upgrade" then
      upgrade = headers["upgrade"] ~= nil
    elseif not KEPT[name] then
      delete(http, name)
    end
  end
  if upgrade then
    set(http, "connection", "upgrade")
  else
    delete(http, "connection")
  end
end

core.register_action("strip_request", { "http-req" }, function(transaction)
  local http = transaction.http
  strip(http, http:req_get_headers(), http.req_del_header, http.req_set_header)
end)

core.register_action("strip_response", { "http-res" }, function(transaction)
  local http = transaction.http
  strip(http, http:res_get_headers(), http.res_del_header, http.res_set_header)
end)
