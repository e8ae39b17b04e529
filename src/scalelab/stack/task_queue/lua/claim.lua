-- ARGV: now, id, owner, lease
local id, owner, lease_ms = ARGV[2], ARGV[3], tonumber(ARGV[4])
local key = record_key(id)
local state = redis.call('HGET', key, 'state')
if not state then
  return { 'refused', 'unknown' }
end
if redis.call('ZSCORE', delayed, id) then
  return { 'refused', 'waits for its retry' }
end
if move(id, 'claim', 0) then
  redis.call('HSET', key, 'owner', owner, 'progress', '0')
  redis.call('HINCRBY', key, 'attempts', 1)
elseif not held_state(id, owner) then
  return { 'refused', 'is ' .. state }
end
redis.call('ZADD', leases, milliseconds(now_ms + lease_ms), id)
local attempt = tonumber(redis.call('HGET', key, 'attempts'))
return { 'claimed', attempt, redis.call('HGET', key, 'request'), redis.call('HGET', key, 'request_id') }
