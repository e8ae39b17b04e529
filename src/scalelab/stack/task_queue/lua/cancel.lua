-- ARGV: now, id, subject, result ttl
local id, subject, result_ttl_ms = ARGV[2], ARGV[3], tonumber(ARGV[4])
if redis.call('HGET', record_key(id), 'subject') ~= subject then
  return { 'unknown' }
end
local state = move(id, 'cancel', result_ttl_ms)
return { state and 'cancelled' or 'finished', redis.call('HGETALL', record_key(id)) }
