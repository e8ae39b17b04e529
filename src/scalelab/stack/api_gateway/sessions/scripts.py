"""The Lua scripts of the Valkey engine: each runs whole, so each is one atomic step. Never touches a foreign key.

Keys, all under one prefix of their own, so that a flush of the response cache does not meet them:
    <prefix>f:<family>    hash: subject, scopes, current (hash of the refresh token of now), spent (hashes of 64
                          digits, the newest first), access (`jti until_ms` of each live access token, by commas)
    <prefix>families      sorted set: family -> Unix milliseconds of its end
    <prefix>s:<subject>   sorted set: the same for the families of one subject
    <prefix>revoked       stream: jti, until_ms; its ids are times, so what has ended by itself is trimmed
None has a time to live of the server's: a `volatile-*` eviction policy must not end a login or bring a revoked token
back to life. Each script clears away a few sessions that are over.
Keys are computed from arguments: this is for one server, not for a sharded cluster.
"""

from scalelab.stack.api_gateway.sessions.base import MAX_LIVE_TOKENS, MAX_SESSIONS_PER_SUBJECT, MAX_SPENT_HASHES

PREFIX = "scalelab:tokens:"
REVOKED_KEY = f"{PREFIX}revoked"
_PRELUDE = (
    f"local PREFIX, MAX_LIVE, MAX_SESSIONS = '{PREFIX}', {MAX_LIVE_TOKENS}, {MAX_SESSIONS_PER_SUBJECT}\n"
    f"local SPENT_CHARACTERS = {MAX_SPENT_HASHES * 64}\n"
    """
local FAMILIES, REVOKED = PREFIX .. 'families', PREFIX .. 'revoked'
local function server_ms()
  local now = redis.call('TIME')
  return now[1] * 1000 + math.floor(now[2] / 1000)
end
local now = tonumber(ARGV[1])
if now < 0 then now = server_ms() end
local keep_revoked_ms = tonumber(ARGV[2])

local function whole(number) return string.format('%.0f', number) end

local function revoke(jti, until_ms)
  if tonumber(until_ms) > now then
    local oldest = whole(math.max(0, server_ms() - keep_revoked_ms))
    redis.call('XADD', REVOKED, 'MINID', '~', oldest, '*', 'jti', jti, 'until_ms', until_ms)
  end
end

local function forget(family)
  local subject = redis.call('HGET', PREFIX .. 'f:' .. family, 'subject')
  redis.call('DEL', PREFIX .. 'f:' .. family)
  redis.call('ZREM', FAMILIES, family)
  if subject then redis.call('ZREM', PREFIX .. 's:' .. subject, family) end
end

local function finish(family)
  local access = redis.call('HGET', PREFIX .. 'f:' .. family, 'access') or ''
  for jti, until_ms in string.gmatch(access, '([^ ,]+) (%d+)') do revoke(jti, until_ms) end
  forget(family)
  return access
end

local function last_until(family, subject, ends_ms)
  redis.call('ZADD', FAMILIES, whole(ends_ms), family)
  redis.call('ZADD', PREFIX .. 's:' .. subject, whole(ends_ms), family)
end

local over = redis.call('ZRANGEBYSCORE', FAMILIES, '-inf', whole(now), 'LIMIT', 0, 20)
for _, family in ipairs(over) do forget(family) end
"""
)

BEGIN = (
    _PRELUDE
    + """
local family, subject = ARGV[3], ARGV[4]
redis.call('HSET', PREFIX .. 'f:' .. family, 'subject', subject, 'scopes', ARGV[5], 'current', ARGV[6], 'spent', '',
  'access', ARGV[7] .. ' ' .. ARGV[8])
last_until(family, subject, now + tonumber(ARGV[9]))
local crowd = redis.call('ZCARD', PREFIX .. 's:' .. subject) - MAX_SESSIONS
if crowd > 0 then
  for _, old in ipairs(redis.call('ZRANGE', PREFIX .. 's:' .. subject, 0, crowd - 1)) do forget(old) end
end
return 1
"""
)

RENEW = (
    _PRELUDE
    + """
local family, shown, next_hash, jti, until_ms = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local key = PREFIX .. 'f:' .. family
local ends_ms = redis.call('ZSCORE', FAMILIES, family)
local subject, scopes, current, spent, access =
  unpack(redis.call('HMGET', key, 'subject', 'scopes', 'current', 'spent', 'access'))
if not subject or not ends_ms or tonumber(ends_ms) <= now then return {'unknown'} end
if shown ~= current then
  for at = 1, #spent, 64 do
    if string.sub(spent, at, at + 63) == shown then
      return {'replayed', subject, finish(family)}
    end
  end
  return {'unknown'}
end
local live = {}
for one, one_until_ms in string.gmatch(access, '([^ ,]+) (%d+)') do
  if tonumber(one_until_ms) > now then live[#live + 1] = {one, one_until_ms} end
end
live[#live + 1] = {jti, until_ms}
while #live > MAX_LIVE do
  revoke(live[1][1], live[1][2])
  table.remove(live, 1)
end
for i, one in ipairs(live) do live[i] = one[1] .. ' ' .. one[2] end
redis.call('HSET', key, 'current', next_hash, 'spent', string.sub(current .. spent, 1, SPENT_CHARACTERS),
  'access', table.concat(live, ','))
last_until(family, subject, now + tonumber(ARGV[8]))
return {'renewed', subject, scopes}
"""
)

END = (
    _PRELUDE
    + """
revoke(ARGV[4], ARGV[5])
if ARGV[3] == '' then return '' end
return finish(ARGV[3])
"""
)
