-- ARGV: now, id, subject, subject key, request, fingerprint, request id, idempotency name or '', limit
local id, subject, subject_key, request = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local fingerprint, request_id, name, limit = ARGV[6], ARGV[7], ARGV[8], tonumber(ARGV[9])

if name ~= '' then
  local known = redis.call('HMGET', idempotency_key(name), 'task', 'fingerprint')
  local record = known[1] and redis.call('HGETALL', record_key(known[1])) or {}
  if #record > 0 then
    if known[2] ~= fingerprint then
      return { 'reused' }
    end
    return { 'known', record }
  end
end
if redis.call('SCARD', open_tasks) >= limit then
  return { 'full' }
end

local key = record_key(id)
redis.call('HSET', key, 'id', id, 'subject', subject, 'subject_key', subject_key, 'request', request,
  'request_id', request_id, 'state', 'queued', 'progress', '0', 'attempts', '0',
  'submitted_at_ms', milliseconds(now_ms))
redis.call('SADD', open_tasks, id)
if name ~= '' then
  redis.call('HSET', key, 'idempotency', name)
  redis.call('DEL', idempotency_key(name))
  redis.call('HSET', idempotency_key(name), 'task', id, 'fingerprint', fingerprint)
end
push(id, false)
return { 'new', redis.call('HGETALL', key) }
