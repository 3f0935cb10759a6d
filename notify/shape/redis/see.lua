-- Decides about one sighting and counts it, or, where a verdict was given already
-- (a node was alone, or tells again what may be forgotten), only counts it, unless that
-- was done before. Answers what the verdict is, until when it holds, whether
-- the developer reaches too many, what is held of the template and the app, and whether
-- the reader is known to have it. Beside KEYS it uses keys of texts, which begin
-- with the tag too and so stand in the same slot. Sets are sorted by the time of who
-- is in them, in milliseconds; what a key's time to live ends has not counted for long.
local tag, at, reader, subject, notice = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
local short, long, short_most, long_most = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local pace_first, pace_for, hoard_floor, hoard_times = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13])
local old, joins, reach, template, given, given_until = ARGV[14] == '1', tonumber(ARGV[15]), tonumber(ARGV[16]), ARGV[17], ARGV[18], tonumber(ARGV[19])
local whole, letters, most_matches = ARGV[20], ARGV[21], 8
local is_part, is_crowd = ARGV[22] == '1', ARGV[23] == '1' -- of a notice; a part of it is that of a crowd
local texts_each = tonumber(ARGV[24])
local k_reach, k_first, k_pace, k_minutes, k_hours, k_app, k_template, k_subject = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local is_text, gone, keep = whole ~= '', '(' .. (at - long), long + 3600000

local function trim(key) redis.call('ZREMRANGEBYSCORE', key, '-inf', at - long) end
local function seen(key, who, when)
  redis.call('ZADD', key, 'GT', when, who)
  redis.call('PEXPIRE', key, keep)
end

-- near texts -----------------------------------------------------------------

local function one_off(a, b)
  if #a < #b then a, b = b, a end
  if #a - #b > 1 then return false end
  local i = 1
  while i <= #b and a:byte(i) == b:byte(i) do i = i + 1 end
  if #a > #b then return a:sub(i + 1) == b:sub(i) end
  if a:sub(i + 1) == b:sub(i + 1) then return true end
  return a:sub(i, i) == b:sub(i + 1, i + 1) and a:sub(i + 1, i + 1) == b:sub(i, i) and a:sub(i + 2) == b:sub(i + 2)
end

local own = {}
for i = 1, #letters - 1 do
  local p = letters:sub(i, i + 1)
  own[p] = (own[p] or 0) + 1
end

local function alike(other)
  local used, both, n = {}, 0, #other - 1
  for i = 1, n do
    local p = other:sub(i, i + 1)
    local u = (used[p] or 0) + 1
    used[p] = u
    if u <= (own[p] or 0) then both = both + 1 end
  end
  return 2 * both >= NEAR_SHARE * (n + #letters - 1)
end

-- What stands under a key of a text: up to eight texts, the newest first, each its
-- whole (8 bytes), the number of its letters (1), and its letters.
local found, entries, is_found, lists = {}, {}, {}, {}
if is_text then
  local keys = {}
  for i = 9, #KEYS do keys[#keys + 1] = KEYS[i] end
  lists = redis.call('MGET', unpack(keys))
  for i = 1, #keys do
    local list, pos = lists[i] or '', 1
    while pos < #list and #found < most_matches do
      local w, n = list:sub(pos, pos + 7), list:byte(pos + 8)
      local l = list:sub(pos + 9, pos + 8 + n)
      if is_found[w] == nil then
        is_found[w] = w == whole or (n > 0 and letters ~= '' and (one_off(letters, l) or alike(l)))
        if is_found[w] then
          found[#found + 1] = w
          entries[#found] = list:sub(pos, pos + 8 + n)
        end
      end
      pos = pos + 9 + n
    end
  end
end

-- the verdict ----------------------------------------------------------------

local function with(key)
  local n = redis.call('ZCARD', key)
  if redis.call('ZSCORE', key, reader) then return n end
  return n + 1
end

trim(k_reach)
if given == '?' and not is_part and not redis.call('ZSCORE', k_reach, reader) and redis.call('ZCARD', k_reach) >= reach then
  return {'', 0, 1, 0, 0, 0}
end

local joined = false
if is_text and subject ~= '' then
  trim(k_subject)
  joined = with(k_subject) <= joins
  for _, w in ipairs(given ~= '?' and found or {}) do
    joined = joined or redis.call('ZSCORE', tag .. 'j' .. w .. subject, reader) ~= false
  end
end

local got, lately = false, false -- the reader has it

local function crowded()
  local readers, in_short, in_long = {}, 0, 0
  local function count(who, when)
    local now = when > at - short
    if who == reader then
      got, lately = true, lately or now
      return
    end
    local before = readers[who]
    if before == nil then in_long = in_long + 1 end
    if now and not before then in_short = in_short + 1 end
    if before == nil or now then readers[who] = now end
  end
  for _, w in ipairs(found) do
    local all = redis.call('ZRANGEBYSCORE', tag .. 'r' .. w, gone, '+inf', 'WITHSCORES')
    for i = 1, #all, 2 do count(all[i], tonumber(all[i + 1])) end
    if subject ~= '' then -- too many share it, so they count after all
      all = redis.call('ZRANGEBYSCORE', tag .. 'j' .. w .. subject, gone, '+inf', 'WITHSCORES')
      for i = 1, #all, 2 do count(all[i], tonumber(all[i + 1])) end
    end
  end
  return not lately and in_short >= short_most or not got and in_long >= long_most
end

local minute, hour = math.floor(at / 60000), math.floor(at / 3600000)

local function burst()
  local all, aged, past = 1, old and 1 or 0, {}
  local fields = redis.call('HGETALL', k_minutes)
  for i = 1, #fields, 2 do
    local m, n = tonumber(fields[i]:sub(2)), tonumber(fields[i + 1])
    if m <= minute - 60 then
      past[#past + 1] = fields[i]
    elseif fields[i]:sub(1, 1) == 'o' then
      aged = aged + n
    else
      all = all + n
    end
  end
  if #past > 0 then redis.call('HDEL', k_minutes, unpack(past)) end
  if all <= hoard_floor or 2 * aged <= all then return false end
  local counts = {}
  fields = redis.call('HGETALL', k_hours)
  for i = 1, #fields, 2 do
    local h = tonumber(fields[i])
    if h < hour - 1 and h >= hour - 169 then counts[#counts + 1] = tonumber(fields[i + 1]) end
  end
  table.sort(counts)
  return all > hoard_times * (counts[#counts - 8] or 0)
end

local first = tonumber(redis.call('GET', k_first) or nil)
local hold, until_ = given, given_until
if given == '?' then
  hold, until_ = '', at
  if is_crowd or is_text and not joined and crowded() then
    hold = CROWD
  elseif is_part then
    hold = ''
  elseif burst() then
    hold = HOARD
  elseif first and at < first + pace_for and with(k_pace) > pace_first then
    hold, until_ = PACE, first + pace_for
  end
end

-- counting -------------------------------------------------------------------

local broadcast = hold == CROWD or hold == HOARD
local function again(key, when) return given ~= '?' and tonumber(redis.call('ZSCORE', key, reader) or -1) >= when end
if not is_part then
  local once = not again(k_reach, at)
  if once then
    redis.call('HINCRBY', k_minutes, 'a' .. minute, 1)
    if old then redis.call('HINCRBY', k_minutes, 'o' .. minute, 1) end
    redis.call('PEXPIRE', k_minutes, 2 * 3600000)
  end
  if once and not broadcast and redis.call('HINCRBY', k_hours, hour, 1) == 1 then
    for _, h in ipairs(redis.call('HKEYS', k_hours)) do
      if tonumber(h) < hour - 169 then redis.call('HDEL', k_hours, h) end
    end
  end
  redis.call('PEXPIRE', k_hours, 170 * 3600000)
  seen(k_reach, reader, at)
  if not first or at < first then
    first = at
    redis.call('SET', k_first, string.format('%.0f', first))
  end
  redis.call('PEXPIRE', k_first, 315360000000)
  if hold == '' and at < first + pace_for then seen(k_pace, reader, at) end
  trim(k_app)
  trim(k_template)
  if broadcast then
    seen(k_app, template .. notice, at)
    seen(k_template, notice, at)
    redis.call('ZREMRANGEBYRANK', k_app, 0, -1025)
    redis.call('ZREMRANGEBYRANK', k_template, 0, -1025)
  end
end
if is_text and subject ~= '' then seen(k_subject, reader, at) end
local k_texts = tag .. 'n' .. math.floor(at / long) .. ':' .. reader
local into = found[1] or whole
local k_readers = tag .. (joined and 'j' .. into .. subject or 'r' .. into)
if is_text and not broadcast and not again(k_readers, until_) and tonumber(redis.call('GET', k_texts) or 0) < texts_each then
  if redis.call('INCR', k_texts) == 1 then redis.call('PEXPIRE', k_texts, keep) end
  trim(k_readers)
  seen(k_readers, reader, until_)
  -- A text that is found again comes first, and is found by the keys of both from now on.
  local entry = entries[1] or whole .. string.char(#letters) .. letters
  for i = 9, #KEYS do
    local list = lists[i - 8] or ''
    if list:sub(1, #entry) ~= entry then
      local kept, pos, n = {entry}, 1, 1
      while pos < #list and n < 8 do
        local size = 9 + list:byte(pos + 8)
        local other = list:sub(pos, pos + size - 1)
        if other ~= entry then
          kept[#kept + 1] = other
          n = n + 1
        end
        pos = pos + size
      end
      redis.call('SET', KEYS[i], table.concat(kept))
    end
    redis.call('PEXPIRE', KEYS[i], 2 * keep)
  end
end
return {hold, until_, 0, redis.call('ZCARD', k_template), redis.call('ZCARD', k_app), got and 1 or 0}
