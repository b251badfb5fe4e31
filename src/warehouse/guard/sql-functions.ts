/**
 * The functions that a caller's SQL may use: those whose result follows from their arguments alone. Left out on purpose: functions that read
 * files, other tables, dictionaries, settings, the server or the clock, draw random numbers, wait, only use memory, or take the square of the
 * length of a text or list: edit distances, and a fold that may carry a list along.
 */

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const SCALAR = words(`
  plus minus multiply divide intDiv intDivOrZero modulo positiveModulo negate abs gcd lcm sqr divideDecimal multiplyDecimal
  greatest least max2 min2 clamp isFinite isInfinite isNaN ifNotFinite sign sqrt cbrt exp exp2 exp10 log ln log2 log10 log1p pow power
  sin cos tan asin acos atan atan2 sinh cosh tanh degrees radians hypot pi e sigmoid erf factorial
  round roundBankers floor ceil ceiling trunc truncate roundToExp2 widthBucket
  equals notEquals less greater lessOrEquals greaterOrEquals isDistinctFrom isNotDistinctFrom in notIn exists
  and or not xor if multiIf caseWithExpression caseWithExpr caseWithoutExpression
  isNull isNotNull isZeroOrNull ifNull nullIf coalesce assumeNotNull toNullable firstNonDefault
  bitAnd bitOr bitXor bitNot bitShiftLeft bitShiftRight bitTest bitCount
  CAST _CAST accurateCast accurateCastOrNull accurateCastOrDefault toTypeName toLowCardinality materialize identity
  toString toBool toFixedString toDecimalString toUUID toUUIDOrNull
  length empty notEmpty lower upper lcase ucase lowerUTF8 upperUTF8 reverse reverseUTF8 lengthUTF8 char_length character_length ascii char
  concat concatWithSeparator concat_ws substring substr mid substringUTF8 substringIndex left right leftUTF8 rightUTF8
  leftPad rightPad lpad rpad leftPadUTF8 rightPadUTF8 trim trimBoth trimLeft trimRight ltrim rtrim appendTrailingCharIfAbsent
  startsWith endsWith startsWithUTF8 endsWithUTF8 initcap initcapUTF8 toValidUTF8 isValidUTF8 normalizeUTF8NFC normalizeUTF8NFKC
  position positionUTF8 positionCaseInsensitive positionCaseInsensitiveUTF8 locate instr countSubstrings countSubstringsCaseInsensitive
  like ilike notLike notILike match extract extractAll extractGroups countMatches regexpExtract multiSearchAny hasToken
  replace replaceAll replaceOne replaceRegexpOne replaceRegexpAll translate translateUTF8 format
  splitByChar splitByString splitByRegexp splitByWhitespace splitByNonAlpha alphaTokens arrayStringConcat
  hex unhex base64Encode base64Decode tryBase64Decode
  cityHash64 sipHash64 sipHash128 xxHash64 xxh3 murmurHash3_64 murmurHash3_128 farmHash64 intHash32 intHash64 MD5 SHA1 SHA256 SHA512 halfMD5
  toYear toQuarter toMonth toWeek toISOWeek toISOYear toYearWeek toDayOfYear toDayOfMonth toDayOfWeek toHour toMinute toSecond toMillisecond
  toMonday toLastDayOfMonth toLastDayOfWeek toDaysInMonth toYYYYMM toYYYYMMDD toYYYYMMDDhhmmss toUnixTimestamp toTimezone timezoneOffset
  year quarter month week day dayofmonth dayofweek dayofyear hour minute second last_day monthName dateName
  toStartOfYear toStartOfQuarter toStartOfMonth toStartOfWeek toStartOfDay toStartOfHour toStartOfMinute toStartOfSecond toStartOfInterval
  toStartOfFiveMinutes toStartOfTenMinutes toStartOfFifteenMinutes date_trunc dateTrunc dateDiff date_diff age makeDate makeDate32
  makeDateTime makeDateTime64 addDate subDate addInterval subtractInterval formatDateTime formatDateTimeInJodaSyntax toUTCTimestamp
  fromUTCTimestamp fromUnixTimestamp fromUnixTimestamp64Milli fromUnixTimestamp64Micro toUnixTimestamp64Milli toUnixTimestamp64Micro
  toRelativeDayNum toRelativeMonthNum toModifiedJulianDay fromModifiedJulianDay toDaysSinceYearZero fromDaysSinceYearZero
  YYYYMMDDToDate YYYYMMDDToDate32 YYYYMMDDhhmmssToDateTime YYYYMMDDhhmmssToDateTime64 timestamp date
  array emptyArrayToSingle range has hasAll hasAny hasSubstr indexOf countEqual arrayElement arrayElementOrNull arrayConcat arraySlice
  arrayPushBack arrayPushFront arrayPopBack arrayPopFront arrayResize arraySort arrayReverseSort arrayPartialSort arrayReverse arrayFlatten
  arrayCompact arrayDistinct arrayUniq arrayEnumerate arrayEnumerateUniq arrayDifference arrayCumSum arrayCumSumNonNegative arrayZip
  arrayZipUnaligned arrayMap arrayFilter arrayExists arrayAll arrayCount arrayFirst arrayFirstOrNull arrayFirstIndex arrayLast arrayLastOrNull
  arrayLastIndex arrayFill arrayReverseFill arraySplit arrayReverseSplit arrayReduce arrayMin arrayMax arraySum arrayAvg
  arrayProduct arrayIntersect arrayUnion arrayExcept arrayJoin arrayShiftLeft arrayShiftRight arrayRotateLeft arrayRotateRight arrayWithConstant
  arrayDotProduct lambda
  tuple tupleElement untuple tupleConcat tuplePlus tupleMinus map mapFromArrays mapKeys mapValues mapContains mapContainsKey mapFilter mapApply
  mapConcat mapSort mapExists mapAll extractKeyValuePairs
  JSONHas JSONLength JSONType JSONKey JSONExtract JSONExtractString JSONExtractInt JSONExtractUInt JSONExtractFloat JSONExtractBool JSONExtractRaw
  JSONExtractKeys JSONExtractArrayRaw JSONExtractKeysAndValues JSONExtractKeysAndValuesRaw JSONArrayLength isValidJSON toJSONString
  JSON_VALUE JSON_QUERY JSON_EXISTS simpleJSONHas simpleJSONExtractString simpleJSONExtractInt simpleJSONExtractFloat simpleJSONExtractBool
  simpleJSONExtractRaw greatCircleDistance geoDistance geohashEncode geohashDecode geoToH3 h3ToGeo h3GetResolution h3ToParent h3Distance
  IPv4StringToNum IPv4NumToString IPv4StringToNumOrNull toIPv4 toIPv6 isIPv4String isIPv6String IPv4CIDRToRange
  domain domainWithoutWWW topLevelDomain path grouping transform
`);

/** Families whose members differ by a type or a unit. */
const FAMILIES: readonly RegExp[] = [
  /^to(?:u?int(?:8|16|32|64|128|256)|float(?:32|64)|decimal(?:32|64|128|256)|date|date32|datetime|datetime32|datetime64)(?:or(?:null|zero|default))?$/,
  /^parsedatetime(?:32|64)?(?:besteffort(?:us)?|injodasyntax)?(?:or(?:null|zero))?$/,
  /^(?:add|subtract|tointerval)(?:milli|micro)?(?:second|minute|hour|day|week|month|quarter|year)s?$/,
  /^reinterpretas(?:u?int(?:8|16|32|64|128)|string)$/,
];

const AGGREGATE = words(`
  count sum avg min max any anyLast any_value first_value last_value any_respect_nulls anyLast_respect_nulls argMin argMax min_by max_by
  uniq uniqExact uniqCombined uniqCombined64 uniqHLL12 groupArray groupUniqArray groupArrayLast groupArraySorted groupConcat array_agg string_agg
  sumWithOverflow sumKahan sumCount avgWeighted quantile quantiles quantileExact quantileExactLow quantileExactHigh quantileExactInclusive
  quantileExactExclusive quantilesExact quantileTDigest quantilesTDigest quantileExactWeighted median medianExact medianTDigest
  stddevPop stddevSamp varPop varSamp covarPop covarSamp corr skewPop skewSamp kurtPop kurtSamp entropy topK topKWeighted
  groupBitAnd groupBitOr groupBitXor boundingRatio deltaSum singleValueOrNull windowFunnel retention sequenceMatch sequenceCount histogram
  row_number rank dense_rank denseRank percent_rank percentRank cume_dist ntile lag lead lagInFrame leadInFrame nth_value sumMap minMap maxMap
`);

/** Combinators after an aggregate's name: they change its input, not what it can reach. */
const COMBINATORS = /(?:If|Distinct|OrNull|OrDefault|Array|ForEach|Map)$/i;

const SCALARS = new Set(SCALAR.map((name) => name.toLowerCase()));
const AGGREGATES = new Set(AGGREGATE.map((name) => name.toLowerCase()));

export function isAllowedFunction(name: string): boolean {
  const lower = name.toLowerCase();
  return SCALARS.has(lower) || FAMILIES.some((family) => family.test(lower)) || isAllowedAggregate(lower);
}

export function isAllowedAggregate(name: string): boolean {
  for (let base = name.toLowerCase(); ; ) {
    if (AGGREGATES.has(base)) return true;
    const shorter = base.replace(COMBINATORS, '');
    if (shorter === base) return false;
    base = shorter;
  }
}
