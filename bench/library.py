"""Nanoseconds of single calls into the standard library's native code, beside another interpreter's.

    python3 bench/library.py KRAIT [OTHER] [--only WORD,…] [--rounds N]

As `micro.py`, which does the timing; a row is named by what it belongs to and its statement.
"""

import sys

import micro

SETUP = """
import base64, binascii, bisect, collections, copy, csv, datetime, decimal, functools, hashlib, heapq
import io, itertools, json, math, operator, os, os.path, pickle, random, re, statistics, string, struct
import tempfile, textwrap, time, zlib, array, fractions, enum, dataclasses, string, uuid, shlex, fnmatch
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple, ChainMap
from decimal import Decimal
from fractions import Fraction
Point = namedtuple("Point", "x y")
class Color(enum.Enum):
    RED = 1
    BLUE = 2
class Flag(enum.Flag):
    A = 1
    B = 2
@dataclasses.dataclass
class Data:
    a: int
    b: str = "x"
class Sub(str): pass
@functools.lru_cache(maxsize=None)
def cached(x): return x
@functools.lru_cache(maxsize=128)
def bounded(x): return x
class WithCached:
    @functools.cached_property
    def value(self): return 1
@functools.singledispatch
def dispatch(x): return x
@dispatch.register(int)
def _(x): return x
def add(a, b): return a + b
partial = functools.partial(add, 1)
directory = tempfile.mkdtemp()
path = os.path.join(directory, "file")
with open(path, "w") as out:
    out.write("a line of some text\\n" * 200)
"""

LOCALS = """
    s = 'hello world, hello'; long = 'the quick brown fox jumps over the lazy dog. ' * 50; n = 12345; f = 3.14159
    wide = 'h\\u00e9llo w\\u00f6rld \\u20ac' ; longwide = wide * 50; lines = 'one line\\n' * 100; empty = ''
    b = b'hello world, hello'; longb = b'the quick brown fox jumps over the lazy dog. ' * 50; blines = b'one line\\n' * 100
    ba = bytearray(b); words = long.split(); bwords = longb.split(); chars = list(s)
    table = str.maketrans('abc', 'xyz'); btable = bytes.maketrans(b'abc', b'xyz'); digits = '1' * 40; latin = 'h\\u00e9llo' * 20
    hundred = list(range(100)); shuffled = hundred[:]; random.Random(1).shuffle(shuffled); floats = [x * 0.5 for x in shuffled]
    strs = [str(x) for x in shuffled]; pairs = [(x, -x) for x in shuffled]; d = dict.fromkeys(strs, 1); small = {'a': 1, 'b': 2, 'c': 3}
    st = set(hundred); st2 = set(range(50, 150)); fs = frozenset(hundred); ss = set(strs); tup = (1, 2, 3)
    rx = re.compile(r'\\w+'); rx2 = re.compile(r'(\\w+) (\\w+)'); rx3 = re.compile('lazy'); rx4 = re.compile('[aeiou]+'); rx5 = re.compile(r'\\s+')
    rxb = re.compile(rb'\\w+'); rx6 = re.compile(r'(?P<key>\\w+)\\s*=\\s*(?P<value>.*)'); rx7 = re.compile('fox|dog|cat'); rx8 = re.compile('(?i)LAZY')
    m = rx2.match('hello world'); packed = struct.pack('<IHd', 1, 2, 3.0); S = struct.Struct('<IHd')
    dt = datetime.datetime(2024, 5, 6, 7, 8, 9, 123456); dt2 = datetime.datetime(2023, 5, 6); td = datetime.timedelta(days=1, seconds=5); date = datetime.date(2024, 5, 6)
    D1 = Decimal('3.14159'); D2 = Decimal('2.71828'); D3 = Decimal('0.01'); F1 = Fraction(1, 3); F2 = Fraction(2, 7)
    obj = {'name': 'value', 'list': [1, 2, 3.5, None, True], 'nested': {'a': 'b', 'c': [1, 2, 3]}, 'text': 'some longer text here'}
    js = json.dumps(obj); pk = pickle.dumps(obj); biglist = list(range(1000)); jl = json.dumps(biglist); jf = json.dumps(floats); jstr = json.dumps(strs)
    pkl = pickle.dumps(biglist); pks = pickle.dumps(strs); enc = base64.b64encode(longb); hexed = longb.hex(); comp = zlib.compress(longb)
    dq = deque(range(100)); dq2 = deque(maxlen=10); od = OrderedDict.fromkeys(strs, 1); dd = defaultdict(int); c = Counter(long); pt = Point(1, 2)
    heap = hundred[:]; cm = ChainMap(small, d); data = Data(1); rnd = random.Random(1); sub = Sub('abc')
    arr = array.array('i', hundred); mv = memoryview(longb); csvtext = 'a,b,c\\n1,2,"x y"\\n' * 50; rows = [['a', 'b c', 1, 2.5]] * 50
    getx = operator.attrgetter('x'); item1 = operator.itemgetter(1); item12 = operator.itemgetter(0, 1); meth = operator.methodcaller('upper')
    wc = WithCached(); sio = io.StringIO(lines); bio = io.BytesIO(blines); big = 3 ** 200; bigs = str(big); neg = -12345; hx = 'ff'
    ks = [str(x) for x in range(10)]; import contextlib, types, weakref, inspect, urllib.parse, html, secrets, pprint, difflib, ipaddress, glob, pathlib
    pp = pathlib.Path('/usr/lib/python3/foo.py'); exs = contextlib.ExitStack
"""

# Statements by topic; `¶` stands for the end of a line.
TOPICS = {
    "str": r"""
s.upper()
s.lower()
long.upper()
wide.upper()
longwide.lower()
s.capitalize()
s.title()
long.title()
s.swapcase()
s.casefold()
longwide.casefold()
s.center(40)
s.ljust(40)
s.rjust(40, '*')
s.zfill(40)
s.count('l')
s.count('hello')
long.count('o')
long.count('lazy')
longwide.count('w')
s.encode()
long.encode()
longwide.encode()
latin.encode('latin-1')
long.encode('ascii')
longwide.encode('utf-16')
s.endswith('hello')
s.startswith('hello')
s.startswith(('x', 'hello'))
s.expandtabs()
s.find('w')
s.find('hello', 3)
long.find('z')
long.find('zebra')
long.find('dogs')
longwide.find('zebra')
long.rfind('q')
long.rfind('quack')
s.index('w')
s.rindex('w')
s.isalnum()
long.isalpha()
s.isascii()
long.isascii()
digits.isdigit()
digits.isdecimal()
digits.isnumeric()
s.isidentifier()
s.islower()
long.isupper()
long.islower()
s.isprintable()
long.isprintable()
s.isspace()
s.istitle()
','.join(words)
''.join(words)
''.join(chars)
''.join(x for x in chars)
', '.join(tup2 for tup2 in ks)
s.lstrip()
s.strip()
s.rstrip()
'  padded  '.strip()
s.strip('hdelo')
s.partition(',')
s.rpartition(',')
long.partition('zebra')
s.removeprefix('hello')
s.removesuffix('hello')
s.replace('l', 'm')
s.replace('hello', 'bye')
s.replace('zz', 'y')
s.replace('l', '')
s.replace('l', 'long')
s.replace('l', 'm', 1)
long.replace('o', '0')
long.replace('o', '')
long.replace('o', 'ooo')
long.replace('lazy', 'busy')
long.replace('lazy', 'very industrious')
long.replace('zebra', 'x')
longwide.replace('w', 'v')
s.replace('l', '\u20ac')
s.replace('', '-')
s.split()
s.split(',')
s.split(' ', 1)
long.split()
long.split(' ')
long.split('. ')
longwide.split()
longwide.split(' ')
s.rsplit()
s.rsplit(',', 1)
s.splitlines()
lines.splitlines()
lines.splitlines(True)
lines.split('\n')
s.translate(table)
long.translate(table)
str.maketrans('abc', 'xyz')
s + s
s * 10
'x' * 100
'ab' * 100
s == 'hello world, hellp'
s < 'hello world, hellp'
long == long[:]
s[3]
wide[3]
s[2:5]
s[::-1]
long[::-1]
long[10:2000]
long[::2]
'w' in s
'world' in s
'zebra' in long
'z' in long
hash(long[1:])
hash(s + 'x')
len(s)
list(s)
list(long)
tuple(s)
set(s)
sorted(s)
reversed(s)
repr(s)
repr(long)
repr(wide)
ascii(wide)
str(s)
ord(s[2])
chr(233)
chr(8364)
for x in long: pass
for x in longwide: pass
max(s)
s.__contains__('w')
sub.upper()
str(sub)
str(b, 'utf-8')
str(longb, 'ascii')
s.format_map(small)
x = ''¶for y in ks: x += y
""",
    "format": r"""
'%d' % n
'%s' % s
'%s %s' % (s, n)
'%5d|%-10s|%x' % (n, s, n)
'%r' % s
'%.2f' % f
'%(a)d %(b)d' % small
'%g' % f
'%05d' % n
'%c' % 97
'{}'.format(n)
'{} {}'.format(s, n)
'{0} {1}'.format(s, n)
'{a} {b}'.format(a=1, b=2)
'{:>10}'.format(s)
'{:.2f}'.format(f)
'{:05d}'.format(n)
'{:,}'.format(n)
'{0[a]}'.format(small)
'{0.x}'.format(pt)
'{!r}'.format(s)
f'{n}'
f'{s}'
f'{s}{n}'
f'{s!r}'
f'{n:d}'
f'{n:5d}'
f'{n:x}'
f'{n:08b}'
f'{n:,}'
f'{f}'
f'{f:.2f}'
f'{f:10.3e}'
f'{f:g}'
f'{s:>30}'
f'{s:10}'
f'{f:%}'
f'{s=}'
f'{tup}'
format(n)
format(n, 'x')
format(f, '.3f')
format(s, '>30')
string.Template('$a $b').substitute(a=1, b=2)
b'%d' % n
b'%s' % b
b'%d %s' % (n, b)
""",
    "number": r"""
int('123')
int('12345678901')
int('ff', 16)
int(hx, 16)
int('0x1f', 0)
int(bigs)
int(b'123')
int(f)
int.from_bytes(b'abcd', 'little')
n.to_bytes(4, 'big')
n.bit_length()
n.bit_count()
str(n)
str(7)
str(neg)
str(big)
repr(n)
hex(n)
bin(n)
oct(n)
float('1.5')
float('3.141592653589793')
float('1e10')
float('  12 ')
float('nan')
float(n)
repr(f)
repr(1/3)
repr(1e22)
str(0.1)
str(100.0)
f.is_integer()
f.hex()
float.fromhex('0x1.8p1')
f.as_integer_ratio()
round(f)
round(f, 2)
round(n, -2)
divmod(n, 7)
divmod(f, 0.7)
pow(3, 10, 7)
pow(n, 3)
pow(n, -1, 7919)
abs(neg)
complex(1, 2)
complex('1+2j')
(1+2j) * (3-1j)
abs(3+4j)
big * big
big // 12345
big % n
big + 1
big >> 50
1 << 100
big == big + 1
-big
hash(big)
hash(f)
bool(n)
math.sin(f)
math.floor(f)
math.ceil(f)
math.sqrt(f)
math.log(f)
math.log2(f)
math.log10(f)
math.exp(f)
math.pow(f, 2)
math.atan2(f, 1)
math.hypot(f, 1)
math.gcd(n, 45)
math.lcm(n, 45)
math.factorial(20)
math.factorial(100)
math.comb(20, 5)
math.perm(20, 5)
math.isqrt(n)
math.isclose(f, 3.0)
math.isnan(f)
math.isfinite(f)
math.fsum(floats)
math.prod(hundred)
math.dist((1, 2), (3, 4))
math.modf(f)
math.frexp(f)
math.ldexp(f, 3)
math.trunc(f)
math.degrees(f)
math.copysign(f, -1)
math.fmod(f, 2)
math.sumprod(floats, floats)
sum(floats)
sum(hundred)
max(floats)
min(pairs)
max(1, 2, 3)
max(hundred, key=abs)
max(hundred, default=1)
""",
    "bytes": r"""
b.upper()
longb.lower()
b.capitalize()
b.title()
b.center(40)
b.ljust(40)
b.zfill(40)
b.count(b'l')
longb.count(b'lazy')
b.decode()
longb.decode()
longb.decode('ascii')
longb.decode('latin-1')
longwide.encode().decode()
b.endswith(b'hello')
b.startswith(b'hello')
b.find(b'w')
longb.find(b'zebra')
longb.rfind(b'quack')
longb.index(b'z')
b.hex()
longb.hex()
bytes.fromhex('68656c6c6f')
bytes.fromhex(hexed)
b.isalnum()
longb.isascii()
b.isdigit()
b' '.join(bwords)
b''.join([b, b])
b.strip()
b'  x '.strip()
b.partition(b',')
b.replace(b'l', b'm')
b.replace(b'hello', b'bye')
longb.replace(b'o', b'0')
longb.replace(b'lazy', b'busy dog')
b.split()
b.split(b',')
longb.split()
longb.split(b' ')
blines.splitlines()
longb.translate(btable)
longb.translate(None, b'aeiou')
b + b
b * 10
b == b[:]
b < b'hello'
b[3]
b[2:5]
longb[::-1]
longb[10:2000]
b'w' in b
119 in b
hash(longb[1:])
list(b)
bytes(10)
bytes([1, 2, 3])
bytes(hundred)
bytes(tup)
bytes(ba)
for x in longb: pass
repr(b)
repr(longb)
bytearray()
bytearray(b)
bytearray(100)
ba.append(1); ba.pop()
ba += b; del ba[18:]
ba.extend(b); del ba[18:]
ba[2:4] = b'xx'
ba[3]
ba[2:5]
ba.find(b'w')
ba.decode()
ba.split()
bytes(mv)
mv[3]
mv[2:10]
memoryview(b)
mv.tobytes()
mv.tolist()
mv == longb
mv.cast('B')
for x in mv: pass
""",
    "re": r"""
rx.match(s)
rx.search(s)
rx.findall(s)
rx.findall(long)
rx.sub('x', s)
rx.sub('x', long)
rx.sub(r'<\g<0>>', long)
rx.sub(lambda m: m[0], long)
rx.split(s)
rx.fullmatch('hello')
rx2.match(s)
rx2.findall(long)
rx2.sub(r'\2 \1', long)
rx3.search(long)
rx3.findall(long)
rx3.sub('busy', long)
rx4.findall(long)
rx4.sub('', long)
rx5.split(long)
rx5.sub(' ', s)
rx6.match('some = value')
rx6.match('some = value').groupdict()
rx7.findall(long)
rx7.search(long)
rx8.findall(long)
rx.findall(longwide)
rxb.findall(longb)
list(rx.finditer(long))
for x in rx.finditer(s): x.group()
m.group()
m.group(1)
m.group(1, 2)
m[1]
m.groups()
m.span()
m.start()
m.end(1)
m.groupdict()
m.expand(r'\1')
re.match('a', s)
re.match(r'\w+', s)
re.search('world', s)
re.sub('l', 'm', s)
re.split(',', s)
re.findall('l', s)
re.compile('world')
re.escape(s)
re.escape('a.b*c')
re.purge(); re.compile(r'(\w+)\s*=\s*(\d+|[a-z_]+)')
re.purge(); re.compile('abc')
re.fullmatch('(a|b)*c', 'ababababc')
re.search('(a+)+b', 'aaaaaaaaaa')
re.search('.*fox', long)
re.search('[^x]*?lazy', long)
re.findall('^.*$', lines, re.M)
re.findall('o', long)
re.findall('[^ ]+', long)
re.findall('(?<=q)u', long)
re.findall(r'\d+', digits)
""",
    "list": r"""
hundred.copy()
hundred[:]
list(tup)
hundred + hundred
hundred * 3
[0] * 100
[None] * 1000
tup * 3
hundred.index(50)
hundred.count(50)
hundred.reverse()
50 in hundred
'50' in strs
hundred == hundred[:]
hundred < shuffled
x = hundred[:]; x.insert(0, 1)
x = hundred[:]; x.pop(0)
x = hundred[:]; x.remove(50)
x = hundred[:]; del x[10:20]
x = hundred[:]; x[10:20] = tup
x = hundred[:]; x.clear()
x = []; x.extend(hundred)
x = []; x.extend(tup)
x = []; x += hundred
hundred[::2]
hundred[::-1]
sorted(shuffled)
sorted(floats)
sorted(strs)
sorted(pairs)
sorted(shuffled, reverse=True)
sorted(shuffled, key=abs)
sorted(strs, key=len)
sorted(strs, key=int)
sorted(strs, key=str.lower)
sorted(hundred)
shuffled[:].sort()
sorted(pairs, key=lambda p: p[1])
sorted(pairs, key=item1)
reversed(hundred)
list(reversed(hundred))
list(range(100))
list(map(str, hundred))
list(map(int, strs))
list(filter(None, hundred))
list(zip(hundred, strs))
list(enumerate(strs))
tuple(hundred)
any(hundred)
all(hundred)
sum([[1], [2]], [])
list(d)
list(d.items())
list(st)
repr(hundred)
repr(strs)
repr(floats)
hash(tup)
hash(pairs[0])
tup + tup
tup == (1, 2, 3)
tup[1:]
tup.index(2)
tup.count(1)
repr(tup)
""",
    "dict": r"""
small['a']
small.get('zz')
small.get('a', 0)
d.copy()
dict(small)
dict(d)
dict(pairs)
dict(zip(strs, hundred))
dict(a=1, b=2)
dict.fromkeys(strs)
dict.fromkeys(hundred, 0)
{**small}
{**small, 'z': 1}
small | small
d | small
x = d.copy(); x.update(small)
x = {}; x.update(d)
x = {}; x.update(pairs)
x = {}; x.update(a=1, b=2)
x = dict(small); x.pop('a')
x = dict(small); x.pop('zz', None)
x = dict(small); x.popitem()
x = dict(small); x.clear()
x = dict(small); x.setdefault('q', 1)
x = dict(small); del x['a']
small.keys()
list(small.keys())
list(d.values())
list(d.items())
for x in d: pass
for x, y in d.items(): pass
for x in d.values(): pass
d.keys() & small.keys()
d.keys() - small.keys()
d.keys() == small.keys()
small.items() == small.items()
d == d.copy()
'a' in small
'zz' in small
1.5 in small
tup in small
'a' in small.keys()
repr(small)
repr(d)
sorted(d)
sorted(d.items())
max(d, key=d.get)
len(d)
{k: v for k, v in d.items()}
{str(k): k for k in hundred}
x = {}¶for y in hundred: x[y] = y
x = {}¶for y in strs: x[y] = y
""",
    "set": r"""
set(hundred)
set(strs)
set(st)
frozenset(hundred)
frozenset(tup)
st | st2
st & st2
st - st2
st ^ st2
st <= st2
st == st2
st.union(hundred)
st.intersection(hundred)
st.difference(hundred)
st.issubset(st2)
st.isdisjoint(st2)
st.copy()
50 in st
'50' in ss
x = set(); x.update(hundred)
x = st.copy(); x.pop()
x = st.copy(); x.discard(1)
x = st.copy(); x |= st2
x = st.copy(); x &= st2
x = st.copy(); x -= st2
for x in st: pass
sorted(st)
hash(fs)
repr(tup)
len(st)
{x for x in strs}
x = set()¶for y in hundred: x.add(y)
""",
    "struct": r"""
struct.pack('<IHd', 1, 2, 3.0)
struct.unpack('<IHd', packed)
struct.pack('>I', n)
struct.unpack('>I', b'abcd')
struct.calcsize('<IHd')
S.pack(1, 2, 3.0)
S.unpack(packed)
S.unpack_from(packed, 0)
struct.pack('100i', *hundred)
list(struct.iter_unpack('<I', longb[:1000]))
struct.pack('10s', b)
struct.unpack('4s4s', b'abcdefgh')
array.array('i', hundred)
arr[5]
arr.tolist()
arr.tobytes()
arr.append(1); arr.pop()
for x in arr: pass
sum(arr)
arr[10:20]
""",
    "datetime": r"""
datetime.datetime.now()
datetime.datetime(2024, 5, 6, 7, 8, 9)
datetime.date(2024, 5, 6)
datetime.timedelta(days=1)
datetime.timedelta(hours=1, minutes=3)
dt - dt2
dt + td
td + td
td * 2
td / 2
dt < dt2
dt == dt2
td.total_seconds()
dt.isoformat()
date.isoformat()
str(dt)
str(td)
repr(dt)
dt.strftime('%Y-%m-%d %H:%M:%S')
dt.date()
dt.time()
dt.replace(hour=3)
dt.timestamp()
dt.year
dt.weekday()
dt.isocalendar()
dt.timetuple()
datetime.datetime.fromisoformat('2024-05-06T07:08:09')
datetime.date.fromisoformat('2024-05-06')
datetime.datetime.fromtimestamp(1700000000)
datetime.datetime.fromtimestamp(1700000000, datetime.timezone.utc)
datetime.datetime.strptime('2024-05-06', '%Y-%m-%d')
datetime.datetime.combine(date, datetime.time())
hash(dt)
datetime.date.today()
date.toordinal()
time.time()
time.perf_counter()
time.monotonic()
time.strftime('%Y-%m-%d')
time.gmtime()
time.localtime()
""",
    "decimal": r"""
Decimal('3.14')
Decimal(5)
Decimal(f)
D1 + D2
D1 - D2
D1 * D2
D1 / D2
D1 // D2
D1 % D2
D1 ** 2
D1 < D2
D1 == D2
-D1
abs(D1)
str(D1)
repr(D1)
float(D1)
int(D1)
D1.quantize(D3)
D1.sqrt()
D1 + 1
round(D1, 2)
f'{D1:.2f}'
hash(D1)
D1.as_tuple()
D1.ln()
D1.is_nan()
decimal.getcontext()
Fraction(1, 3)
F1 + F2
F1 * F2
F1 < F2
str(F1)
Fraction('1/3')
""",
    "json": r"""
json.dumps(obj)
json.loads(js)
json.dumps(biglist)
json.loads(jl)
json.dumps(floats)
json.loads(jf)
json.dumps(strs)
json.loads(jstr)
json.dumps(obj, indent=2)
json.dumps(obj, sort_keys=True)
json.dumps(long)
json.dumps(longwide)
json.loads(json.dumps(long))
json.dumps(n)
json.loads('1')
json.dumps(small, separators=(',', ':'))
json.dumps(obj, ensure_ascii=False)
""",
    "pickle": r"""
pickle.dumps(obj)
pickle.loads(pk)
pickle.dumps(biglist)
pickle.loads(pkl)
pickle.dumps(strs)
pickle.loads(pks)
pickle.dumps(pt)
pickle.loads(pickle.dumps(pt))
pickle.dumps(data)
pickle.loads(pickle.dumps(data))
pickle.dumps(dt)
pickle.dumps(n)
pickle.dumps(long)
pickle.dumps(d)
pickle.dumps(st)
pickle.dumps(floats)
""",
    "coding": r"""
base64.b64encode(longb)
base64.b64decode(enc)
base64.b64encode(b)
base64.urlsafe_b64encode(b)
base64.b32encode(b)
base64.b16encode(b)
base64.b85encode(b)
binascii.hexlify(longb)
binascii.unhexlify(hexed)
binascii.crc32(longb)
zlib.crc32(longb)
zlib.adler32(longb)
zlib.compress(longb)
zlib.decompress(comp)
hashlib.md5(b).hexdigest()
hashlib.sha1(b).hexdigest()
hashlib.sha256(b).hexdigest()
hashlib.sha256(longb).digest()
hashlib.sha512(longb).digest()
hashlib.blake2b(longb).digest()
hashlib.sha3_256(longb).digest()
hashlib.md5(longb).digest()
hashlib.new('sha256', b)
urllib.parse.quote('a b/c')
urllib.parse.unquote('a%20b')
urllib.parse.urlparse('http://a.b/c?d=e#f')
urllib.parse.urlencode(small)
urllib.parse.parse_qs('a=1&b=2')
urllib.parse.urljoin('http://a.b/c/', 'd')
html.escape('<a & b>')
html.unescape('&lt;a&gt;')
uuid.UUID('12345678123456781234567812345678')
uuid.uuid4()
shlex.split('a b "c d"')
shlex.quote('a b')
fnmatch.fnmatch('abc.py', '*.py')
textwrap.dedent('  a\n  b')
textwrap.wrap(long[:200])
ipaddress.ip_address('192.168.0.1')
secrets.token_hex(8)
pprint.pformat(obj)
difflib.SequenceMatcher(None, 'abcd', 'bcde').ratio()
""",
    "csv": r"""
list(csv.reader(csvtext.splitlines()))
list(csv.DictReader(csvtext.splitlines()))
csv.writer(io.StringIO()).writerows(rows)
""",
    "random": r"""
random.random()
random.randint(1, 100)
random.randrange(100)
random.choice(hundred)
random.choices(hundred, k=10)
random.sample(hundred, 10)
random.shuffle(hundred)
random.uniform(1, 2)
random.gauss(0, 1)
random.getrandbits(32)
random.expovariate(1)
rnd.random()
statistics.mean(hundred)
statistics.median(hundred)
statistics.stdev(floats)
""",
    "itertools": r"""
list(itertools.chain(hundred, tup))
list(itertools.chain.from_iterable(pairs))
list(itertools.islice(hundred, 10))
list(itertools.islice(itertools.count(), 100))
list(itertools.islice(itertools.cycle(tup), 100))
list(itertools.repeat(1, 100))
list(itertools.accumulate(hundred))
list(itertools.accumulate(hundred, operator.mul))
list(itertools.combinations(range(6), 3))
list(itertools.permutations(range(4)))
list(itertools.product(tup, tup))
list(itertools.product(range(5), repeat=3))
list(itertools.combinations_with_replacement(range(5), 3))
list(itertools.groupby(hundred, lambda x: x // 10))
list(itertools.starmap(pow, pairs[:1]))
list(itertools.takewhile(lambda x: x < 50, hundred))
list(itertools.dropwhile(lambda x: x < 50, hundred))
list(itertools.filterfalse(None, hundred))
list(itertools.compress(hundred, hundred))
list(itertools.zip_longest(hundred, tup))
list(itertools.pairwise(hundred))
list(itertools.batched(hundred, 7))
list(itertools.tee(hundred)[0])
for x in itertools.chain(hundred): pass
for x in zip(hundred, hundred, hundred): pass
for x in itertools.count(): break
for x in itertools.repeat(None, 100): pass
for x in itertools.product(tup, tup): pass
for x in itertools.combinations(hundred[:8], 2): pass
""",
    "functools": r"""
cached(5)
bounded(5)
bounded('a')
cached(5, )
partial(2)
functools.partial(add, 1)
functools.reduce(add, hundred)
functools.reduce(operator.add, hundred)
wc.value
dispatch(5)
functools.cmp_to_key(add)
sorted(shuffled, key=functools.cmp_to_key(lambda a, b: a - b))
functools.wraps(add)(lambda a, b: a)
getx(pt)
item1(tup)
item12(tup)
meth(s)
operator.add(1, 2)
operator.itemgetter(1)
operator.index(5)
operator.eq(s, s)
operator.contains(hundred, 5)
list(map(operator.add, hundred, hundred))
list(map(item1, pairs))
list(map(getx, [pt] * 10))
copy.copy(obj)
copy.copy(hundred)
copy.copy(pt)
copy.copy(data)
copy.deepcopy(obj)
copy.deepcopy(hundred)
copy.deepcopy(data)
copy.replace(pt, x=3)
with contextlib.suppress(ValueError): pass
with contextlib.nullcontext(): pass
contextlib.contextmanager(add)
with exs() as q: pass
weakref.ref(add)
types.SimpleNamespace(a=1)
inspect.signature(add)
inspect.isfunction(add)
isinstance(n, collections.abc.Hashable)
isinstance(hundred, collections.abc.Sequence)
issubclass(list, collections.abc.Sequence)
getattr(pt, 'x')
hasattr(pt, 'zz')
Data(1)
data == data
repr(data)
dataclasses.asdict(data)
dataclasses.replace(data, a=3)
Color.RED
Color(1)
Color['RED']
Color.RED.value
Color.RED.name
Flag.A | Flag.B
Flag.A in Flag.B
list(Color)
hash(Color.RED)
Color.RED == Color.BLUE
""",
    "collections": r"""
Counter(s)
Counter(long)
Counter(words)
c.most_common(3)
c['e'] += 1
c.total()
c + c
list(c.elements())
c.update(s)
deque(hundred)
dq.append(1); dq.popleft()
dq.appendleft(1); dq.pop()
dq2.append(1)
dq.rotate(1)
dq[50]
for x in dq: pass
list(dq)
dq.extend(tup); dq.pop(); dq.pop(); dq.pop()
50 in dq
dq.copy()
OrderedDict(small)
OrderedDict(pairs)
od['5']
od['5'] = 1
od.move_to_end('5')
for x in od: pass
for x in od.items(): pass
list(od)
od.get('5')
x = OrderedDict(); x['a'] = 1; x.popitem()
od == od
od.copy()
dd['a'] += 1
x = defaultdict(list); x['a'].append(1)
x = defaultdict(int)¶for y in s: x[y] += 1
pt.x
pt[0]
Point(1, 2)
Point(x=1, y=2)
pt._replace(x=3)
pt._asdict()
pt == pt
x, y = pt
repr(pt)
hash(pt)
namedtuple('Q', 'a b c')
cm['a']
cm.get('zz')
heapq.heappush(heap, 5); heapq.heappop(heap)
heapq.heapify(shuffled[:])
heapq.heapreplace(heap, 5)
heapq.heappushpop(heap, 5)
heapq.nlargest(5, shuffled)
heapq.nsmallest(5, shuffled)
list(heapq.merge(hundred, hundred))
bisect.bisect(hundred, 50)
bisect.bisect_left(hundred, 50)
bisect.bisect(strs, '50')
bisect.insort(hundred, 50); hundred.pop(50)
""",
    "path": r"""
os.path.join('a', 'b')
os.path.join('/usr', 'lib', 'x')
os.path.basename('/usr/lib/x')
os.path.dirname('/usr/lib/x')
os.path.split('/usr/lib/x')
os.path.splitext('/usr/lib/x.py')
os.path.exists(path)
os.path.isfile(path)
os.path.isdir(directory)
os.path.getsize(path)
os.path.abspath('x')
os.path.normpath('/usr/../lib/./x')
os.path.realpath('/usr/lib')
os.path.relpath('/usr/lib', '/usr')
os.path.expanduser('~/x')
os.path.commonprefix(['/usr/lib', '/usr/local'])
os.stat(path)
os.listdir(directory)
list(os.scandir(directory))
os.getcwd()
os.getpid()
os.environ['PATH']
os.environ.get('NOPE')
os.fspath('x')
list(os.walk(directory))
pathlib.Path('a/b')
pp / 'x'
pp.name
pp.suffix
pp.stem
pp.parent
pp.parts
str(pp)
pp.with_suffix('.txt')
pp.exists()
pp.is_file()
pp == pp
hash(pp)
pathlib.PurePath('a', 'b')
pp.relative_to('/usr')
pp.joinpath('a', 'b')
pp.as_posix()
pathlib.Path(path).read_text()
pathlib.Path(path).read_bytes()
list(pathlib.Path(directory).iterdir())
glob.glob(directory + '/*')
""",
    "io": r"""
open(path).close()
open(path, 'rb').close()
with open(path) as q: q.read()
with open(path) as q: q.readlines()
with open(path) as q:¶    for x in q: pass
with open(path, 'rb') as q: q.read()
with open(path, 'rb') as q:¶    for x in q: pass
with open(path) as q: list(q)
with open(path) as q: q.readline()
with open(path, 'w') as q:¶    for x in hundred: q.write('a line of text\n')
with open(path, 'wb') as q:¶    for x in hundred: q.write(b)
with open(path, 'w') as q: q.writelines(words)
with open(path, 'w') as q: q.write(long)
with open(path, 'w') as q: print(*hundred, file=q)
with open(path, 'w') as q:¶    for x in hundred: print(x, s, file=q)
with open(path, 'w', encoding='latin-1') as q: q.write(long)
with open(path, 'w') as q: q.write(longwide)
io.StringIO()
io.StringIO(s)
io.StringIO(long).read()
x = io.StringIO()¶for y in hundred: x.write(s)¶x.getvalue()
sio.seek(0); sio.readlines()
sio.seek(0)¶for x in sio: pass
sio.seek(0); sio.readline()
io.BytesIO()
io.BytesIO(longb).read()
x = io.BytesIO()¶for y in hundred: x.write(b)¶x.getvalue()
bio.seek(0); bio.readlines()
bio.seek(0)¶for x in bio: pass
bio.seek(0); bio.read(100)
x = io.StringIO(); print(s, n, file=x)
io.TextIOWrapper(io.BytesIO(blines)).read()
io.TextIOWrapper(io.BytesIO(blines)).readlines()
io.BufferedReader(io.BytesIO(blines)).read(10)
""",
}


def cases():
    rows = {}
    for topic, statements in TOPICS.items():
        for statement in filter(None, statements.splitlines()):
            body = statement.replace("¶", "\n        ")
            rows[f"{topic}: {statement}"] = (body, 1)
    return rows


if __name__ == "__main__":
    micro.SETUP, micro.LOCALS, micro.CASES = SETUP, LOCALS, cases()
    micro.main(sys.argv[1:])
