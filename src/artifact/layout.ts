/**
 * The bytes of an artifact: plain numbers, imported by src/ and assembly/ alike, importing nothing.
 * FORMAT.md draws the map; every constant here has its row there. All integers are little-endian u32 unless said otherwise.
 */

/** "SMOLTBOT" as two u32. */
export const MAGIC_0 = 0x4c4f4d53;
export const MAGIC_1 = 0x544f4254;
/** Provisional until the first release: readers accept exactly this number. */
export const FORMAT_VERSION = 0;
/** Grows whenever a constant of this file changes meaning; the kernel refuses an artifact of another revision. */
export const LAYOUT_REVISION = 5;

/** "Nothing": no row component, no glob, no string. */
export const NONE = 0xffffffff;
/** Sections start at multiples of this, so that vectors never straddle cache lines. */
export const SECTION_ALIGN = 64;

// ---- header, 320 bytes -------------------------------------------------------------------------------------------
export const HEADER_BYTES = 320;
export const HEADER_MAGIC_0 = 0;
export const HEADER_MAGIC_1 = 4;
export const HEADER_VERSION = 8;
export const HEADER_REVISION = 12;
export const HEADER_TOTAL_BYTES = 16;
/** CRC-32 (IEEE) of the whole artifact with these four bytes as zero. */
export const HEADER_CRC = 20;
export const HEADER_FLAGS = 24;
export const HEADER_SECTION_COUNT = 28;
/** SHA-256 of the policy's meaning, 32 bytes. */
export const HEADER_DIGEST = 32;
/** SECTION_COUNT pairs (offset, bytes). An absent section is (0, 0). */
export const HEADER_SECTIONS = 64;

// ---- flags: which lanes the artifact has -------------------------------------------------------------------------
export const FLAG_LITERALS = 1;
export const FLAG_DFA = 2;
export const FLAG_PREFIX = 4;
export const FLAG_SUFFIX = 8;
/** Some gram of four bytes / of three bytes is in the gram table. */
export const FLAG_GRAM4 = 16;
export const FLAG_GRAM3 = 32;
/** Rows by length in code points (globs without literal characters). */
export const FLAG_LENGTH = 64;
/** Bit-parallel lane that always runs / that runs when the verify budget of a name is spent. */
export const FLAG_PARALLEL = 128;
export const FLAG_PARALLEL_RESERVE = 256;
/** Literal rows were not completed at compile time (its work budget ran out): a hit joins like every other lane. */
export const FLAG_LITERALS_OPEN = 512;

// ---- sections ----------------------------------------------------------------------------------------------------
export const SECTION_COUNT = 28;
export const SECTION_STRING_OFFSETS = 0;
export const SECTION_STRING_BYTES = 1;
export const SECTION_POLICY = 2;
export const SECTION_SOURCES = 3;
export const SECTION_ROWS = 4;
export const SECTION_GLOBS = 5;
export const SECTION_GLOB_TEXT = 6;
export const SECTION_USES = 7;
export const SECTION_FORBIDDEN = 8;
export const SECTION_TRIGGERS = 9;
export const SECTION_TERMS = 10;
export const SECTION_TERM_GLOBS = 11;
export const SECTION_TESTS = 12;
export const SECTION_CAPABILITIES = 13;
export const SECTION_CAPABILITY_ACTIONS = 14;
export const SECTION_CAPABILITY_GLOBS = 15;
export const SECTION_LANES = 16;
export const SECTION_LITERALS = 17;
export const SECTION_DFA_CLASSES = 18;
export const SECTION_DFA = 19;
export const SECTION_PREFIX = 20;
export const SECTION_PREFIX_BLOOM = 21;
export const SECTION_SUFFIX = 22;
export const SECTION_SUFFIX_BLOOM = 23;
export const SECTION_GRAMS = 24;
export const SECTION_GRAM_BLOOM = 25;
export const SECTION_POSTINGS = 26;
/** Three sub-tables: rows by length, parallel lane, reserve parallel lane; their offsets stand in LANES. */
export const SECTION_DENSE = 27;

// ---- rows --------------------------------------------------------------------------------------------------------
/** A row: forbidden, trigger, capability, guarded; each a rank or NONE. Row 0 is all NONE. Join is minimum, unsigned. */
export const ROW_BYTES = 16;
export const ROW_FORBIDDEN = 0;
export const ROW_TRIGGER = 4;
export const ROW_CAPABILITY = 8;
export const ROW_GUARDED = 12;

// ---- globs -------------------------------------------------------------------------------------------------------
/** Distinct globs in byte order of their canonical text. The text is its own program: `*` and `?` are always wildcards. */
export const GLOB_BYTES = 32;
export const GLOB_TEXT_OFFSET = 0;
export const GLOB_TEXT_BYTES = 4;
/** Fewest bytes of a name it matches: one per token that is not `*`. */
export const GLOB_NAME_BYTES_MIN = 8;
/** The row of this glob alone. */
export const GLOB_ROW = 12;
export const GLOB_USE_START = 16;
export const GLOB_USE_COUNT = 20;
/** LANE_*; where the compiler put it. */
export const GLOB_LANE = 24;

export const LANE_LITERAL = 0;
export const LANE_DFA = 1;
export const LANE_PREFIX = 2;
export const LANE_SUFFIX = 3;
export const LANE_GRAM = 4;
export const LANE_LENGTH = 5;
export const LANE_PARALLEL = 6;

/** Where a glob is used. */
export const USE_BYTES = 16;
export const USE_KIND = 0;
export const USE_RANK = 4;
export const USE_LINE = 8;
export const USE_COLUMN = 12;
export const USE_KIND_FORBIDDEN = 0;
export const USE_KIND_TRIGGER = 1;
export const USE_KIND_CAPABILITY = 2;

// ---- rules (severity, layer, action and mode are positions in the scales of policy/lattice.ts; layer 0 org, 1 agent, NONE default) --
export const FORBIDDEN_BYTES = 40;
export const FORBIDDEN_SEVERITY = 0;
export const FORBIDDEN_LAYER = 4;
export const FORBIDDEN_INDEX = 8;
export const FORBIDDEN_PATTERN = 12;
export const FORBIDDEN_GLOB = 16;
export const FORBIDDEN_REASON = 20;
export const FORBIDDEN_FILE = 24;
export const FORBIDDEN_LINE = 28;
export const FORBIDDEN_COLUMN = 32;

export const TRIGGER_BYTES = 40;
export const TRIGGER_ACTION = 0;
export const TRIGGER_LAYER = 4;
export const TRIGGER_INDEX = 8;
export const TRIGGER_CONDITION = 12;
export const TRIGGER_REASON = 16;
export const TRIGGER_FILE = 20;
export const TRIGGER_LINE = 24;
export const TRIGGER_COLUMN = 28;
export const TRIGGER_TERM_START = 32;
export const TRIGGER_TERM_COUNT = 36;

export const TERM_BYTES = 20;
export const TERM_TRIGGER = 0;
export const TERM_GLOB_START = 4;
export const TERM_GLOB_COUNT = 8;
export const TERM_TEST_START = 12;
export const TERM_TEST_COUNT = 16;

/** count: 0 tool, 1 unmapped, 2 violation. comparison: 0 > 1 >= 2 < 3 <= 4 == 5 !=. value: f64. */
export const TEST_BYTES = 16;
export const TEST_COUNT_NAME = 0;
export const TEST_COMPARISON = 4;
export const TEST_VALUE = 8;

export const CAPABILITY_BYTES = 48;
export const CAPABILITY_NAME = 0;
export const CAPABILITY_LAYER = 4;
export const CAPABILITY_INDEX = 8;
export const CAPABILITY_DESCRIPTION = 12;
export const CAPABILITY_ACTION_START = 16;
export const CAPABILITY_ACTION_COUNT = 20;
export const CAPABILITY_GLOB_START = 24;
export const CAPABILITY_GLOB_COUNT = 28;
export const CAPABILITY_FILE = 32;
export const CAPABILITY_LINE = 36;
export const CAPABILITY_COLUMN = 40;

// ---- policy: name, description, then six defaults of 24 bytes each -------------------------------------------------
export const POLICY_NAME = 0;
export const POLICY_DESCRIPTION = 4;
export const POLICY_DEFAULTS = 8;
/** value f64, layer, file, line, column. Order: unmapped action, unmapped severity, fail open, mode, grace ms, fail on. */
export const DEFAULT_BYTES = 24;
export const DEFAULT_VALUE = 0;
export const DEFAULT_LAYER = 8;
export const DEFAULT_FILE = 12;
export const DEFAULT_LINE = 16;
export const DEFAULT_COLUMN = 20;
export const DEFAULT_COUNT = 6;
export const POLICY_BYTES = 152;

export const SOURCE_BYTES = 12;
export const SOURCE_LAYER = 0;
export const SOURCE_FILE = 4;
export const SOURCE_NAME = 8;

// ---- lanes: numbers the evaluators need, one record -----------------------------------------------------------------
export const LANES_BYTES = 192;
/** Start value of the rolling hash: h = (h ^ byte) * HASH_PRIME. */
export const LANES_HASH_BASIS = 0;
export const HASH_PRIME = 0x01000193;
/** Slot index: mix(h) >>> shift, where mix(h) = (h ^ h >>> 15) * HASH_MIX, then ^ >>> 13. Probing is linear, at most PROBES slots. */
export const HASH_MIX = 0x85ebca6b;
/** Bloom bit: mix(h) * BLOOM_MIX >>> bloom shift. */
export const BLOOM_MIX = 0x9e3779b1;
export const LANES_LITERAL_SHIFT = 4;
export const LANES_LITERAL_PROBES = 8;
/** DFA: start state and cells per state; a state is the index of its first cell. */
export const LANES_DFA_START = 12;
export const LANES_DFA_STRIDE = 16;
export const LANES_PREFIX_SHIFT = 20;
export const LANES_PREFIX_PROBES = 24;
export const LANES_PREFIX_BLOOM_SHIFT = 28;
export const LANES_SUFFIX_SHIFT = 32;
export const LANES_SUFFIX_PROBES = 36;
export const LANES_SUFFIX_BLOOM_SHIFT = 40;
export const LANES_GRAM_SHIFT = 44;
export const LANES_GRAM_PROBES = 48;
export const LANES_GRAM_BLOOM_SHIFT = 52;
/** Longest prefix and suffix key, bytes (at most 255). */
export const LANES_PREFIX_BYTES_MAX = 56;
export const LANES_SUFFIX_BYTES_MAX = 60;
/** 256 bits each: bit n set when some key has n bytes. */
export const LANES_PREFIX_LENGTHS = 64;
export const LANES_SUFFIX_LENGTHS = 96;
/** Work units of verification per name of up to 64 bytes, in proportion for longer ones, before the reserve lane takes over. */
export const LANES_VERIFY_BUDGET = 128;
/** Rows by length: byte offset inside DENSE, and entries; the last entry serves all longer names. */
export const LANES_LENGTH_OFFSET = 132;
export const LANES_LENGTH_COUNT = 136;
/** Byte offset inside DENSE and bytes of the two bit-parallel blocks. */
export const LANES_PARALLEL_OFFSET = 140;
export const LANES_PARALLEL_BYTES = 144;
export const LANES_RESERVE_OFFSET = 148;
export const LANES_RESERVE_BYTES = 152;

/** Hash slots of literals, prefixes and suffixes: hash, glob id (NONE: empty), row, key bytes. */
export const SLOT_BYTES = 16;
export const SLOT_HASH = 0;
export const SLOT_GLOB = 4;
export const SLOT_ROW = 8;
export const SLOT_KEY_BYTES = 12;

/**
 * A Bloom section of prefixes or suffixes begins with 256 words: word n has bit b & 31 for the last hashed byte b of every key of n
 * bytes. It spares most lookups at the lengths that occur.
 */
export const EDGE_MASKS_BYTES = 1024;

/** Gram slots: gram, its size in bytes (0: empty), postings. A gram's hash is mix(gram ^ GRAM3_SALT if it has three bytes). */
export const GRAM_BYTES = 16;
export const GRAM_VALUE = 0;
export const GRAM_SIZE = 4;
export const GRAM_START = 8;
export const GRAM_COUNT = 12;
export const GRAM3_SALT = 0xa5000000;

/**
 * Postings of one gram, ascending in name bytes: glob id, its row, fewest name bytes, 1 when the reserve lane holds the glob too, and
 * a signature of 128 bits that a name which matches has all of: three words for the runs of four literal bytes g (with m = mix(g), bit
 * m & 31 of word (m >>> 5 & 255) * 3 >>> 8), one for the literal bytes b (bit b & 31).
 */
export const POSTING_BYTES = 32;
export const POSTING_GLOB = 0;
export const POSTING_ROW = 4;
export const POSTING_NAME_BYTES_MIN = 8;
export const POSTING_RESERVED = 12;
export const POSTING_SIGNATURE = 16;
/** Longer names have every bit of the signature: their grams need not be collected first. */
export const SIGNATURE_NAME_BYTES_MAX = 256;

// ---- bit-parallel block: 128 globs a group, one vector of 16 bytes per token position, groups ascending in tokens ------
/** Head of a block: groups, vectors, classes, glob count; then the arrays below, each 16-aligned, in this order. */
export const PARALLEL_HEAD_BYTES = 16;
export const PARALLEL_GROUP_COUNT = 0;
export const PARALLEL_VECTOR_COUNT = 4;
export const PARALLEL_CLASS_COUNT = 8;
export const PARALLEL_GLOB_COUNT = 12;
// classes   u8[256]               byte -> class
// groups    {vectorStart, vectorCount (tokens of its longest glob), nameBytesMin of its shortest glob, globStart}[groups]
// globs     {glob id, row}[globs padded to groups * 128]; glob i of a group is bit i of its vectors
// first     u8[16][groups]        globs that may start only at the first byte or anywhere: bit set for every glob of the group
// restart   u8[16][groups]        globs that begin with `*`
// loop      u8[16][vectors]       token is followed by `*`: stay on any byte
// loopMore  u8[16][vectors]       loop, or token is `?`: stay on a UTF-8 continuation byte
// accept    u8[16][vectors]       last token of its glob
// masks     u8[16][classes][vectors]  globs whose token at this position takes the class
export const PARALLEL_GROUP_BYTES = 16;
export const PARALLEL_GLOB_BYTES = 8;
export const PARALLEL_WIDTH = 128;
export const VECTOR_BYTES = 16;
