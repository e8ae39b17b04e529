-- ARGV: now, id, limit of unfinished tasks
local id, limit = ARGV[2], tonumber(ARGV[3])
local key = record_key(id)
local refusal = not_dead(id)
if refusal then
  return refusal
end
if redis.call('SCARD', open_tasks) >= limit then
  return { 'full' }
end
move(id, 'retry', 0)
forget_as_dead(id)
redis.call('HSET', key, 'attempts', '0', 'progress', '0')
redis.call('HDEL', key, 'error', 'finished_at_ms')
redis.call('PERSIST', key)
local name = idempotency_key_of(id)
if name then
  redis.call('PERSIST', name)
end
redis.call('SADD', open_tasks, id)
push(id, false)
return { 'done', redis.call('HGETALL', key) }
