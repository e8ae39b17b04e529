"""The Lua scripts of the Valkey engine: each runs whole, so each is one atomic step. Never touches a foreign key.

Keys (all under one prefix, so that the task queue in the same server is safe):
    <prefix>state         hash: `moment` (grows with each invalidation and flush; a fence is the moment of a lookup),
                          `epoch` (the moment of the last flush), `floor` (older fences are refused)
    <prefix>fences        sorted set: tag -> moment of its last invalidation
    <prefix>e:<epoch>:<tag>   hash: key -> 13 digits of Unix milliseconds of its expiry, then the value
    <prefix>w:<tag>       sorted set: writer -> Unix milliseconds until which its write may last; no fill lands then
    <prefix>l:<generation>:<tag>:<key>   string: who fetches the entry, or `alone`; the generation is the moment of
                          the tag's last invalidation, so that an invalidation ends the leases of its tag
One hash holds all entries of a tag, so that an eviction or an `UNLINK` takes all or none of them.
`state` and `fences` have no time to live, so a `volatile-*` eviction policy leaves them alone. `moment` starts at the
server's clock in microseconds: after a restart without data every older fence lies below the floor.
The key of the entries is computed from the epoch: this is for one server, not for a sharded cluster.
"""

KEY_PREFIX = "scalelab:cache:"
STATE_KEY = f"{KEY_PREFIX}state"
FENCES_KEY = f"{KEY_PREFIX}fences"
ENTRIES_PREFIX = f"{KEY_PREFIX}e:"
LEASES_PREFIX = f"{KEY_PREFIX}l:"
WRITERS_PREFIX = f"{KEY_PREFIX}w:"
ALONE = "alone"

_BORN = """
local function born(key)
  local now = redis.call('TIME')
  local seed = now[1] .. string.format('%06d', now[2])
  redis.call('HSET', key, 'moment', seed, 'epoch', seed, 'floor', seed)
end
local function now_ms()
  local now = redis.call('TIME')
  return now[1] * 1000 + math.floor(now[2] / 1000)
end
local function generation(fences, tag, floor)
  return string.format('%.0f', math.max(tonumber(floor), tonumber(redis.call('ZSCORE', fences, tag) or 0)))
end
"""

GET = (
    _BORN
    + """
local state = redis.call('HMGET', KEYS[1], 'moment', 'epoch', 'floor')
if not state[1] then
  born(KEYS[1])
  state = redis.call('HMGET', KEYS[1], 'moment', 'epoch', 'floor')
end
local found = redis.pcall('HGET', ARGV[1] .. state[2] .. ':' .. ARGV[2], ARGV[3])
if type(found) == 'table' then return {-1, state[1]} end
if found then
  local expires_ms = tonumber(string.sub(found, 1, 13))
  if not expires_ms then return {-1, state[1]} end
  local remaining_ms = expires_ms - now_ms()
  if remaining_ms > 0 then return {string.sub(found, 14), state[1], remaining_ms} end
end
local of_tag = generation(KEYS[2], ARGV[2], state[3])
if ARGV[4] == '' then return {false, state[1], 0, of_tag, 'lead'} end
if redis.call('ZCOUNT', ARGV[7] .. ARGV[2], '(' .. now_ms(), '+inf') > 0 then
  return {false, state[1], 0, of_tag, 'held'}
end
local lease = ARGV[5] .. of_tag .. ':' .. ARGV[2] .. ':' .. ARGV[3]
local holder = redis.call('GET', lease)
local turn = 'lead'
if not holder then
  redis.call('SET', lease, ARGV[4], 'PX', ARGV[6])
elseif holder == 'alone' then
  turn = 'alone'
elseif holder ~= ARGV[4] then
  turn = 'follow'
end
return {false, state[1], 0, of_tag, turn}
"""
)

PUT = (
    _BORN
    + """
local state = redis.call('HMGET', KEYS[1], 'moment', 'epoch', 'floor')
local fence = tonumber(ARGV[6])
if not state[1] or fence < tonumber(state[3]) or fence > tonumber(state[1]) then return 0 end
local invalidated = redis.call('ZSCORE', KEYS[2], ARGV[2])
if invalidated and fence < tonumber(invalidated) then return 0 end
if ARGV[8] ~= '' then
  local lease = ARGV[9] .. generation(KEYS[2], ARGV[2], state[3]) .. ':' .. ARGV[2] .. ':' .. ARGV[3]
  if redis.call('GET', lease) == ARGV[8] then redis.call('UNLINK', lease) end
end
if redis.call('ZCOUNT', ARGV[10] .. ARGV[2], '(' .. now_ms(), '+inf') > 0 then return 0 end

local entries = ARGV[1] .. state[2] .. ':' .. ARGV[2]
if redis.call('TYPE', entries).ok ~= 'hash' then redis.call('UNLINK', entries) end
local ttl_ms, crowd, now = tonumber(ARGV[5]), redis.call('HLEN', entries), now_ms()
if crowd >= tonumber(ARGV[7]) then
  redis.call('UNLINK', entries)
elseif crowd > 0 and crowd % 32 == 0 then
  local all = redis.call('HGETALL', entries)
  for i = 1, #all, 2 do
    if now >= (tonumber(string.sub(all[i + 1], 1, 13)) or 0) then redis.call('HDEL', entries, all[i]) end
  end
end
redis.call('HSET', entries, ARGV[3], string.format('%013.0f', now + ttl_ms) .. ARGV[4])
if redis.call('PTTL', entries) < ttl_ms then redis.call('PEXPIRE', entries, ARGV[5]) end
return 1
"""
)

RELEASE = (
    _BORN
    + """
local floor = redis.call('HGET', KEYS[1], 'floor')
if not floor then return 0 end
local of_tag = generation(KEYS[2], ARGV[2], floor)
if tonumber(ARGV[4]) < tonumber(of_tag) then return 0 end
local lease = ARGV[1] .. of_tag .. ':' .. ARGV[2] .. ':' .. ARGV[3]
local holder = redis.call('GET', lease)
if holder and holder ~= ARGV[5] then return 0 end
if tonumber(ARGV[6]) > 0 then
  redis.call('SET', lease, 'alone', 'PX', ARGV[6])
elseif holder then
  redis.call('UNLINK', lease)
end
return 1
"""
)

RENEW = (
    _BORN
    + """
local floor = redis.call('HGET', KEYS[1], 'floor')
if not floor then return {} end
local lost = {}
for i = 4, #ARGV, 2 do
  local lease = ARGV[1] .. generation(KEYS[2], ARGV[i], floor) .. ':' .. ARGV[i] .. ':' .. ARGV[i + 1]
  if redis.call('GET', lease) == ARGV[2] then
    redis.call('PEXPIRE', lease, ARGV[3])
  else
    lost[#lost + 1] = (i - 4) / 2
  end
end
return lost
"""
)

INVALIDATE = (
    _BORN
    + """
if redis.call('EXISTS', KEYS[1]) == 0 then born(KEYS[1]) end
local moment = string.format('%.0f', redis.call('HINCRBY', KEYS[1], 'moment', 1))
local entries = ARGV[1] .. redis.call('HGET', KEYS[1], 'epoch') .. ':'
local until_ms = now_ms() + tonumber(ARGV[5])
for i = 6, #ARGV do
  redis.call('ZADD', KEYS[2], moment, ARGV[i])
  redis.call('UNLINK', entries .. ARGV[i])
  if ARGV[4] ~= '' then
    local writers = ARGV[3] .. ARGV[i]
    if tonumber(ARGV[5]) > 0 then
      redis.call('ZADD', writers, until_ms, ARGV[4])
      if redis.call('PTTL', writers) < tonumber(ARGV[5]) then redis.call('PEXPIRE', writers, ARGV[5]) end
    else
      redis.call('ZREM', writers, ARGV[4])
    end
  end
end
local remembered = redis.call('ZCARD', KEYS[2])
if remembered > tonumber(ARGV[2]) then
  local last = math.floor(remembered / 2) - 1
  local newest = redis.call('ZRANGE', KEYS[2], last, last, 'WITHSCORES')
  redis.call('HSET', KEYS[1], 'floor', newest[2])
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, last)
end
return 1
"""
)

FLUSH = (
    _BORN
    + """
if redis.call('EXISTS', KEYS[1]) == 0 then born(KEYS[1]) end
local moment = string.format('%.0f', redis.call('HINCRBY', KEYS[1], 'moment', 1))
redis.call('HSET', KEYS[1], 'epoch', moment, 'floor', moment)
redis.call('UNLINK', KEYS[2])
return moment
"""
)
