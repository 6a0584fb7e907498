# The codecs of East Asia: states, streams, error handlers.
import codecs,_codecs_jp,_multibytecodec
c=_codecs_jp.getcodec('euc_jp'); print(type(c))
def tr(f,*a,**k):
    try: print(repr(f(*a,**k)))
    except BaseException as e: print(type(e).__name__,e)
tr(c.encode,1); tr(c.encode,b'x'); tr(c.decode,'x'); tr(c.encode); tr(c.encode,'x',5); tr(c.encode,'x',None); tr(c.decode,b'a\x80\xff','ignore')
tr(_codecs_jp.getcodec,'x'); tr(_codecs_jp.getcodec,1); tr(_codecs_jp.getcodec,'gbk'); tr(_multibytecodec.__create_codec,1)
class B(_multibytecodec.MultibyteIncrementalEncoder): pass
tr(B); B.codec=1; tr(B); 
E_=codecs.lookup('euc_jis_2004').incrementalencoder
e=E_(); tr(e.encode,'\xe6'); tr(e.getstate); tr(e.encode,'x'); tr(e.setstate,'x'); tr(e.setstate,-1);tr(e.setstate,1<<200); tr(e.setstate,9);tr(e.setstate,200); tr(setattr,e,'errors',5); print(e.errors); e.errors='foo'; print(e.errors); tr(e.encode,'\ud800'); tr(delattr,e,'errors'); 
tr(e.encode,'\xe6\xe6\xe6'); tr(e.encode,'',True); tr(e.encode,'')
D_=codecs.lookup('euc_jis_2004').incrementaldecoder
d=D_(); tr(d.decode,b'\x8f'); tr(d.getstate); tr(d.decode,b'',True); tr(d.getstate); tr(d.setstate,5); tr(d.setstate,(b'x'*9,0)); tr(d.setstate,('x',0)); tr(d.setstate,(b'x','')); tr(d.setstate,(b'',1<<64)); tr(d.setstate,(b'',-1)); tr(d.setstate,(b'',5)); tr(d.getstate); tr(d.setstate,(b'',)); tr(d.decode,'x')
import io
S=codecs.lookup('euc_jis_2004')
w=S.streamwriter(io.BytesIO()); tr(w.write,'\xe6'); tr(w.stream.getvalue); tr(w.reset); tr(w.stream.getvalue); tr(w.write,5); tr(w.writelines,['a','b']); tr(w.writelines,5); tr(w.writelines,[5])
tr(lambda: w.errors)
r=S.streamreader(io.BytesIO('aæあい\nfoo\nbar\n'.encode('euc_jis_2004')+b'\x8f')); tr(r.read,1); tr(r.read,2); tr(r.read,0); tr(r.readline); tr(r.readlines); tr(r.read,'x'); tr(r.reset); tr(S.streamreader)
class BadS:
    def read(self,*a): return 'x'
    readline=read
tr(S.streamreader(BadS()).read); tr(S.streamreader(BadS()).readline,3)
codecs.register_error('h1',lambda e:('\ud801',e.end)); tr('a\ud800b'.encode,'euc_jp','h1')
codecs.register_error('h2',lambda e:(b'\xff',e.end)); tr('a\ud800b'.encode,'euc_jp','h2')
codecs.register_error('h3',lambda e:('é',-1)); tr('a\ud800b'.encode,'euc_jp','h3')
codecs.register_error('h4',lambda e:('é',-10)); tr('a\ud800b'.encode,'euc_jp','h4')
codecs.register_error('h5',lambda e:5); tr('a\ud800b'.encode,'euc_jp','h5'); tr(b'a\xffb'.decode,'euc_jp','h5');tr(b'a\xffb'.decode,'euc_jp','h3');tr(b'a\xffb'.decode,'euc_jp','h4')
codecs.register_error('h6',lambda e:('é','x')); tr('a\ud800b'.encode,'euc_jp','h6')
tr('a\ud800b'.encode,'euc_jp','nosuch'); tr(b'\xff'.decode,'euc_jp','nosuch')
for enc in 'gb2312 gbk gb18030 hz big5 cp950 big5hkscs shift_jis cp932 euc_jp shift_jis_2004 euc_jis_2004 euc_jisx0213 shift_jisx0213 euc_kr cp949 johab iso2022_kr iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext'.split():
    for err in 'strict ignore replace backslashreplace xmlcharrefreplace namereplace surrogateescape surrogatepass h2'.split():
        print(enc,err); tr('a\ud800あb\U00020000z\xe6\u0300'.encode,enc,err); tr(b'a\x80\xff\x1b$B$"$\x1b(B\xa4\xa2 \x8f ~{VPNDx~}~! \x0e!\x0f'.decode,enc,err)
    e=codecs.getincrementalencoder(enc)(); tr(e.getstate); tr(e.encode,'あ中가'); tr(e.getstate); tr(e.reset); tr(e.getstate); tr(e.encode,'中'); tr(e.getstate); tr(e.encode,'x',True); tr(e.getstate)
    d=codecs.getincrementaldecoder(enc)(); tr(d.getstate); tr(d.decode,b'\x1b$B$'); tr(d.getstate); tr(d.decode,b'~{VP'); tr(d.getstate); tr(d.decode,b'\xa4'); tr(d.getstate);tr(d.decode,b'',True); tr(d.getstate); tr(d.reset); tr(d.getstate)
