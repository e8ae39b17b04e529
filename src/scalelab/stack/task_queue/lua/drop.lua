-- ARGV: now, id
local id = ARGV[2]
local refusal = not_dead(id)
if refusal then
  return refusal
end
local record = redis.call('HGETALL', record_key(id))
forget_as_dead(id)
local name = idempotency_key_of(id)
if name then
  redis.call('DEL', name)
end
redis.call('DEL', record_key(id))
return { 'done', record }
