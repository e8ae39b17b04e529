-- ARGV: now, owner of the list, limit
local records = {}
for _, id in ipairs(redis.call('ZREVRANGE', dead_letters_key(ARGV[2]), 0, ARGV[3] - 1)) do
  local record = redis.call('HGETALL', record_key(id))
  if #record > 0 then
    records[#records + 1] = record
  end
end
return records
