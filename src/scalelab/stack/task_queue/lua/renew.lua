-- ARGV: now, lease, then id, owner, progress of each claim
local lease_ms = tonumber(ARGV[2])
local verdicts = {}
for i = 3, #ARGV, 3 do
  local id, owner, progress = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local state = held_state(id, owner)
  if state then
    redis.call('HSET', record_key(id), 'progress', progress)
    redis.call('ZADD', leases, milliseconds(now_ms + lease_ms), id)
  end
  verdicts[#verdicts + 1] = state == 'running' and 'kept' or state and 'stop' or 'lost'
end
return verdicts
