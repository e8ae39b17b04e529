-- ARGV: now, id, owner, event, result ttl, result or error, delay of the retry
local id, owner, event, result_ttl_ms = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local detail, delay_ms = ARGV[6], tonumber(ARGV[7])
local key = record_key(id)
local state = held_state(id, owner) and move(id, event, result_ttl_ms)
if not state then
  return false
end
if state == 'succeeded' then
  redis.call('HSET', key, 'result', detail, 'progress', '1')
  redis.call('HDEL', key, 'error')
elseif state == 'retrying' or state == 'dead' then
  redis.call('HSET', key, 'error', detail)
  if state == 'retrying' then
    redis.call('ZADD', delayed, milliseconds(now_ms + delay_ms), id)
  end
elseif state == 'queued' then
  redis.call('HINCRBY', key, 'attempts', -1)
  redis.call('HSET', key, 'progress', '0')
  push(id, true)
end
return state
