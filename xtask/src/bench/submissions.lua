-- For wrk: every request is another person's first submission. ORIGIN and NOTICE_HASH come from the environment.
-- Prints one line of JSON at the end; times are in microseconds.
local random = math.random
local bytes = io.open("/dev/urandom", "rb")
local seed = 0
for _ = 1, 4 do seed = seed * 256 + bytes:read(1):byte() end
bytes:close()
math.randomseed(seed)

local origin, notice = os.getenv("ORIGIN"), os.getenv("NOTICE_HASH")
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.headers["origin"] = origin

-- RFC 9562, version 7.
local function uuid(seconds)
  local high, low = math.floor(seconds * 1000 / 65536), seconds * 1000 % 65536 + random(0, 999)
  return string.format("%08x-%04x-7%03x-%x%03x-%06x%06x", high, low % 65536, random(0, 0xfff),
    random(8, 11), random(0, 0xfff), random(0, 0xffffff), random(0, 0xffffff))
end

function request()
  -- A second ago, since the collector counts in milliseconds and this script does not.
  local now = os.time() - 1
  local at = os.date("!%Y-%m-%dT%H:%M:%S.000Z", now)
  local id = uuid(now)
  return wrk.format(nil, nil, nil, '{"id":"' .. id .. '","site":"bench","form":"newsletter","lang":"en","notice_hash":"' .. notice
    .. '","subject":{"email":"' .. id .. '@example.com"},"choices":{"STORE":true,"EMARKETING":true},"source":"web_form","page":"' .. origin
    .. '/contact","shown_at":"' .. at .. '","decided_at":"' .. at .. '","gpc":false,"widget":"0.1.0"}')
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format('{"answered":%d,"refused":%d,"broken":%d,"took":%d,"p50":%d,"p99":%d}', summary.requests, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, summary.duration, latency:percentile(50), latency:percentile(99)))
end
