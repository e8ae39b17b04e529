-- ARGV: now, most attempts of a task, result ttl, most tasks of each kind in one sweep
local max_attempts, result_ttl_ms, limit = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local retried, dead, released = {}, {}, {}

for _, id in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', milliseconds(now_ms), 'LIMIT', 0, limit)) do
  local attempts = tonumber(redis.call('HGET', record_key(id), 'attempts') or '0')
  local state = move(id, attempts >= max_attempts and 'give_up' or 'expire', result_ttl_ms)
  if state == 'retrying' or state == 'dead' then
    redis.call('HSET', record_key(id), 'error', WORKER_LOST)
  end
  if state == 'retrying' then
    push(id, true)
    retried[#retried + 1] = id
  elseif state == 'dead' then
    dead[#dead + 1] = id
  elseif not state then -- the record is gone
    redis.call('ZREM', leases, id)
    redis.call('SREM', open_tasks, id)
  end
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', delayed, '-inf', milliseconds(now_ms), 'LIMIT', 0, limit)) do
  redis.call('ZREM', delayed, id)
  if redis.call('EXISTS', record_key(id)) == 1 then
    push(id, false)
    released[#released + 1] = id
  else
    redis.call('SREM', open_tasks, id)
  end
end

return { retried, dead, released, redis.call('SCARD', open_tasks) - redis.call('ZCARD', leases) }
