/** The atomic part of the online store, run inside Redis. Every script gets its keys as KEYS, so each also runs one key at a time on a cluster. */
import { createHash } from 'node:crypto';

export interface Script {
  readonly lua: string;
  readonly sha: string;
}

const script = (lua: string): Script => ({ lua, sha: createHash('sha1').update(lua).digest('hex') });

/**
 * Compare-and-set of one field in many hashes. ARGV: field, now (UTC ms), then one row a key. A row is written where it is newer by
 * (event time, available-at, sequence); an equal one only where the stored row has another schema, which nobody could read.
 * The key's expiry becomes the latest of its fields'; a field without one keeps the key. Returns how many rows were written.
 */
export const PUT = script(`
local function newer(row, stored)
  if #stored < 26 or string.byte(stored) ~= string.byte(row) then return true end
  local _, _, schema, event, available, sequence = struct.unpack('>BBI4i8i8I4', row)
  local _, _, schema0, event0, available0, sequence0 = struct.unpack('>BBI4i8i8I4', stored)
  if event ~= event0 then return event > event0 end
  if available ~= available0 then return available > available0 end
  if sequence ~= sequence0 then return sequence > sequence0 end
  return schema ~= schema0
end
local field, now, written = ARGV[1], tonumber(ARGV[2]), 0
for i, key in ipairs(KEYS) do
  local row = ARGV[i + 2]
  local stored = redis.call('HGET', key, field)
  if not stored or newer(row, stored) then
    redis.call('HSET', key, field, row)
    written = written + 1
    if bit.band(string.byte(row, 2), 2) == 0 then
      redis.call('PERSIST', key)
    else
      local left = struct.unpack('>i8', row, 27) - now
      local current = redis.call('PTTL', key)
      if current >= 0 and left > current or current < 0 and redis.call('HLEN', key) == 1 then
        redis.call('PEXPIRE', key, left)
      end
    end
  end
end
return written
`);

/**
 * Removes from each hash the field ARGV[1], or, where that is empty, every field past its ttl at ARGV[2] (UTC ms); then the key's
 * expiry is again the latest of its fields'. Returns how many fields were removed.
 */
export const PRUNE = script(`
local field, now, removed = ARGV[1], tonumber(ARGV[2]), 0
for _, key in ipairs(KEYS) do
  local dropped, latest, forever = 0, 0, false
  local fields = redis.call('HGETALL', key)
  for i = 1, #fields, 2 do
    local name, row = fields[i], fields[i + 1]
    local dead = nil
    if #row >= 34 and bit.band(string.byte(row, 2), 2) ~= 0 then dead = struct.unpack('>i8', row, 27) end
    if name == field or field == '' and dead and dead <= now then
      redis.call('HDEL', key, name)
      dropped = dropped + 1
    elseif dead then
      latest = math.max(latest, dead)
    else
      forever = true
    end
  end
  removed = removed + dropped
  if dropped > 0 and forever then
    redis.call('PERSIST', key)
  elseif dropped > 0 and latest > 0 then
    redis.call('PEXPIRE', key, latest - now)
  end
end
return removed
`);
