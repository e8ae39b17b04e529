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
if not move(id, 'claim', 0) then
  return { 'refused', 'is ' .. state }
end
redis.call('HSET', key, 'owner', owner, 'progress', '0')
redis.call('ZADD', leases, milliseconds(now_ms + lease_ms), id)
local attempt = redis.call('HINCRBY', key, 'attempts', 1)
return { 'claimed', attempt, redis.call('HGET', key, 'request'), redis.call('HGET', key, 'request_id') }
