-- Rotates tokens and keys. Arguments: token file, keys ("same", "paired", "unique" or a count), first turn, path.
local heads, keys, turn = {}, "same", 0

function init(arguments)
  keys, turn = arguments[2], tonumber(arguments[3])
  local before = "GET " .. arguments[4] .. "?key="
  local after = " HTTP/1.1\r\nHost: " .. wrk.headers["Host"] .. "\r\nAuthorization: Bearer "
  for token in io.lines(arguments[1]) do
    local number = #heads
    local head = { before, after .. token .. "\r\n\r\n" }
    if keys == "same" then
      head = before .. "1" .. head[2]
    elseif keys == "paired" then
      head = before .. (number + 1) .. head[2]
    elseif keys ~= "unique" then
      head = before .. (number % tonumber(keys) + 1) .. head[2]
    end
    heads[number + 1] = head
  end
end

function request()
  local head = heads[turn % #heads + 1]
  turn = turn + 1
  if keys == "unique" then
    return head[1] .. turn .. head[2]
  end
  return head
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format("RESULT %d %d %d %d", summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
