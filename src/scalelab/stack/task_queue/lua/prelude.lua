-- Shared by every script: names of the keys, the transition table, what entering a state brings with it.
-- KEYS[1] is the prefix of every key; ARGV[1] the time in milliseconds, or -1 for the server's own clock.
-- A record is changed here and nowhere else, and only in the ways that the table allows.

local prefix = KEYS[1]
local now_ms = tonumber(ARGV[1])
if now_ms < 0 then
  local time = redis.call('TIME')
  now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
end

local TRANSITIONS = cjson.decode('@TRANSITIONS@')
local FINAL = cjson.decode('@FINAL@')
local DEAD_LETTERS_KEPT = @DEAD_LETTERS_KEPT@
local WORKER_LOST = '@WORKER_LOST@'

local open_tasks = prefix .. ':open' -- set: every task that is not final
local leases = prefix .. ':leases' -- sorted set: task -> when its lease runs out
local delayed = prefix .. ':delayed' -- sorted set: task -> when its retry is due
local queue = prefix .. ':broker:@QUEUE_NAME@' -- list of message ids, in the layout of Dramatiq's Redis broker
local messages = queue .. '.msgs' -- hash: message id -> message

local function record_key(id)
  return prefix .. ':record:' .. id
end

local function idempotency_key(name)
  return prefix .. ':idempotency:' .. name
end

local function dead_letters_key(owner)
  return prefix .. ':dead:' .. owner
end

local function milliseconds(number)
  return string.format('%.0f', number)
end

-- Puts a message for the task on the broker's queue, each under an id of its own, as the broker demands.
local function push(id, in_front)
  local message_id = id .. '.' .. redis.call('HINCRBY', record_key(id), 'pushes', 1)
  local message = cjson.encode({
    queue_name = '@QUEUE_NAME@',
    actor_name = '@ACTOR_NAME@',
    args = { id },
    kwargs = {},
    options = { redis_message_id = message_id },
    message_id = message_id,
    message_timestamp = now_ms,
  })
  redis.call('HSET', messages, message_id, message)
  redis.call(in_front and 'LPUSH' or 'RPUSH', queue, message_id)
end

local function list_as_dead(id, owner, result_ttl_ms)
  local key = dead_letters_key(owner)
  redis.call('ZADD', key, milliseconds(now_ms), id)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', milliseconds(now_ms - result_ttl_ms))
  redis.call('ZREMRANGEBYRANK', key, 0, -DEAD_LETTERS_KEPT - 1)
  redis.call('PEXPIRE', key, milliseconds(result_ttl_ms))
end

-- Finished: from now on the record and its idempotency key live for the result's time to live.
local function finish(id, key, state, result_ttl_ms)
  redis.call('HSET', key, 'finished_at_ms', milliseconds(now_ms))
  redis.call('SREM', open_tasks, id)
  if state == 'dead' then
    list_as_dead(id, 'all', result_ttl_ms)
    list_as_dead(id, redis.call('HGET', key, 'subject_key'), result_ttl_ms)
  end
  redis.call('PEXPIRE', key, milliseconds(result_ttl_ms))
  local name = redis.call('HGET', key, 'idempotency')
  if name then
    redis.call('PEXPIRE', idempotency_key(name), milliseconds(result_ttl_ms))
  end
end

-- Moves a task along the table. Returns the new state, or nil where the event has no meaning.
local function move(id, event, result_ttl_ms)
  local key = record_key(id)
  local state = redis.call('HGET', key, 'state')
  local next_state = state and TRANSITIONS[state][event]
  if not next_state then
    return nil
  end
  redis.call('HSET', key, 'state', next_state)
  if next_state ~= 'running' and next_state ~= 'cancelling' then
    redis.call('ZREM', leases, id)
    redis.call('ZREM', delayed, id)
  end
  if FINAL[next_state] and not FINAL[state] then
    finish(id, key, next_state, result_ttl_ms)
  end
  return next_state
end

-- The state of a task that `owner` holds, or nil.
local function held_state(id, owner)
  local held = redis.call('HMGET', record_key(id), 'state', 'owner')
  if held[2] == owner and (held[1] == 'running' or held[1] == 'cancelling') then
    return held[1]
  end
  return nil
end

-- The answer to who takes a task for a dead one, or nil when it is.
local function not_dead(id)
  local record = redis.call('HGETALL', record_key(id))
  if #record == 0 then
    return { 'unknown' }
  end
  return redis.call('HGET', record_key(id), 'state') ~= 'dead' and { 'not dead', record } or nil
end

local function forget_as_dead(id)
  redis.call('ZREM', dead_letters_key('all'), id)
  redis.call('ZREM', dead_letters_key(redis.call('HGET', record_key(id), 'subject_key')), id)
end

-- Where the task's idempotency key stands, or nil when it has none or the key is another task's by now.
local function idempotency_key_of(id)
  local name = redis.call('HGET', record_key(id), 'idempotency')
  local key = name and idempotency_key(name)
  return key and redis.call('HGET', key, 'task') == id and key or nil
end
