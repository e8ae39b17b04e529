"""The Lua scripts and names of the peers' line on Valkey. Never touches a foreign key.

Under one prefix:
`state`: hash of `position` (of the newest announcement; starts at the server's clock in microseconds, so that it
grows even when the server lost its data) and `born_ms` (when it started).
`leases`: sorted set, member -> Unix milliseconds, by the server's clock, at which its lease ends.
`told`: channel of `<position> <sender> <JSON: kind, names>`.
`done:<sender>`: channel of `<position> <member>`.
"""

PREFIX = "scalelab:coherence:"
STATE_KEY = f"{PREFIX}state"
LEASES_KEY = f"{PREFIX}leases"
TOLD_CHANNEL = f"{PREFIX}told"
DONE_CHANNEL_PREFIX = f"{PREFIX}done:"

_NOW = """
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'position', time[1] .. string.format('%06d', time[2]), 'born_ms', now_ms)
end
"""

RENEW = (
    _NOW
    + """
redis.call('ZADD', KEYS[2], now_ms + ARGV[2], ARGV[1])
return redis.call('HGET', KEYS[1], 'position')
"""
)

ANNOUNCE = (
    _NOW
    + """
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now_ms)
local position = string.format('%.0f', redis.call('HINCRBY', KEYS[1], 'position', 1))
redis.call('PUBLISH', ARGV[1], position .. ' ' .. ARGV[2])
local grace_ms = redis.call('HGET', KEYS[1], 'born_ms') + ARGV[3] - now_ms
local answer = {position, math.max(0, grace_ms)}
local leases = redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')
for i = 1, #leases, 2 do
  answer[#answer + 1] = leases[i]
  answer[#answer + 1] = leases[i + 1] - now_ms
end
return answer
"""
)
