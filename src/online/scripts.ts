/** The atomic part of the online store, run inside Redis. Every script gets its keys as KEYS, so each also runs one key at a time on a cluster. */
import { createHash } from 'node:crypto';

export interface Script {
  readonly lua: string;
  readonly sha: string;
}

const script = (lua: string): Script => ({ lua, sha: createHash('sha1').update(lua).digest('hex') });

/**
 * Compare-and-set of one field in many hashes. ARGV: field, now (UTC ms), '1' where the view keeps last known values, an instant,
 * then one row a key. A row is written where it is newer by (event time, available-at, sequence), or the stored one says to be available after that
 * instant; an equal one only where the stored row has another schema,
 * which this version cannot read, or where a kept value has become known since.
 * The key's expiry becomes the latest of its fields'; a field without one keeps the key. Returns how many rows were written.
 */
export const PUT = script(`
local field, now, fills, over, written = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1', tonumber(ARGV[4]), 0
local function newer(row, stored)
  if #stored < 26 or string.byte(stored) ~= string.byte(row) then return true end
  local _, _, schema, event, available, sequence = struct.unpack('>BBI4i8i8I4', row)
  local _, _, schema0, event0, available0, sequence0 = struct.unpack('>BBI4i8i8I4', stored)
  if available0 > over then return true end
  if event ~= event0 then return event > event0 end
  if available ~= available0 then return available > available0 end
  if sequence ~= sequence0 then return sequence > sequence0 end
  return schema ~= schema0 or fills and row ~= stored
end
for i, key in ipairs(KEYS) do
  local row = ARGV[i + 4]
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

/** Sets a key's expiry to the latest of its fields' (rule 15); a field without one keeps the key. */
const EXPIRE = `
local function deadFrom(row)
  if #row >= 34 and bit.band(string.byte(row, 2), 2) ~= 0 then return (struct.unpack('>i8', row, 27)) end
end
local function expire(key, rows, now)
  local latest = 0
  for _, row in ipairs(rows) do
    local dead = deadFrom(row)
    if not dead then
      redis.call('PERSIST', key)
      return
    end
    latest = math.max(latest, dead)
  end
  if latest > 0 then redis.call('PEXPIRE', key, latest - now) end
end
`;

/**
 * Removes the field ARGV[1] from each hash; ARGV[2] is now (UTC ms). The other rows are read only where the removed one may have decided the
 * key's expiry: a later expiry than its own is another's. Returns how many fields were removed.
 */
export const DELETE = script(`${EXPIRE}
local field, now, removed = ARGV[1], tonumber(ARGV[2]), 0
for _, key in ipairs(KEYS) do
  local row = redis.call('HGET', key, field)
  if row then
    redis.call('HDEL', key, field)
    removed = removed + 1
    local left = redis.call('PTTL', key)
    local dead = deadFrom(row)
    local another = dead and (left == -1 or left > dead - now + 1000)
    if left ~= -2 and not another then expire(key, redis.call('HVALS', key), now) end
  end
end
return removed
`);

/**
 * Removes from each hash every field past its ttl at ARGV[1] (UTC ms), and those that the rest of ARGV names; then the key's expiry is again
 * the latest of its fields'. Returns how many fields were removed.
 */
export const SWEEP = script(`${EXPIRE}
local now, removed, ended = tonumber(ARGV[1]), 0, {}
for i = 2, #ARGV do ended[ARGV[i]] = true end
for _, key in ipairs(KEYS) do
  local dropped, kept = 0, {}
  local fields = redis.call('HGETALL', key)
  for i = 1, #fields, 2 do
    local dead = deadFrom(fields[i + 1])
    if ended[fields[i]] or dead and dead <= now then
      redis.call('HDEL', key, fields[i])
      dropped = dropped + 1
    else
      kept[#kept + 1] = fields[i + 1]
    end
  end
  removed = removed + dropped
  if dropped > 0 and #kept > 0 then expire(key, kept, now) end
end
return removed
`);

/**
 * Bytes that the field ARGV[1] with the row ARGV[2] adds to a hash of the fields and rows that follow. The key is there for this call alone,
 * so that nothing is left of it whatever happens.
 */
export const MEASURE = script(`
local key, before = KEYS[1], 0
redis.call('UNLINK', key)
for i = 3, #ARGV, 2 do redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end
if #ARGV > 2 then before = redis.call('MEMORY', 'USAGE', key, 'SAMPLES', 0) end
redis.call('HSET', key, ARGV[1], ARGV[2])
local after = redis.call('MEMORY', 'USAGE', key, 'SAMPLES', 0)
redis.call('UNLINK', key)
return after - before
`);
