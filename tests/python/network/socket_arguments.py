# What the functions of _socket say to odd arguments.
import _socket, socket
def t(f,*a,**k):
    try: print(f.__name__ if hasattr(f,'__name__') else f, a, k, '->', f(*a,**k))
    except BaseException as e: print(getattr(f,'__name__',f), a,k, '!!', type(e).__name__, e)
s=_socket.socket()
for a in ['x', ('a',), ('a',1,2), (1,1), ('a','b'), ('127.0.0.1',70000), ('127.0.0.1',-1), ('127.0.0.1',1<<70), ('a\0b',1), (None,1), ('\u20ac'*80,1)]:
    t(s.bind, a); 
s6=_socket.socket(_socket.AF_INET6)
for a in ['x', ('a',), ('::1',1,2,3,4), ('::1',70000), ('::1',1,1<<21), ('::1',1,-1), ('::1',1,1,1<<33)]:
    t(s6.bind, a)
u=_socket.socket(_socket.AF_UNIX)
for a in [1, ('a',), 'x'*200, b'\0'+b'x'*200, b'a'*108, None]:
    t(u.bind, a)
n=_socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW)
for a in [1, ('a',), (1,), (1,'x')]:
    t(n.bind, a)
for args in [(), (1,), (1,2,3,4), ('x',1), (1,2,'x'),(1,2,0),(1,2,-1),(1,2,1025), (_socket.SOL_SOCKET,_socket.SO_REUSEADDR,4), (_socket.SOL_SOCKET,_socket.SO_REUSEADDR)]:
    t(s.getsockopt,*args)
for args in [(), (1,), (1,2), (1,2,3,4), (1,2,None), (1,2,None,3), (1,2,'x'), (1,2,b'x'), (1,2,1<<40), ('a',2,3), (1,2,None,'x'),(1,2,None,1<<40), (1,2,1.5)]:
    t(s.setsockopt,*args)
for args in [(), (b'x',), (b'x',1), ('x',('a',1)), (b'x',1,2,3), (b'x','y',1),(b'x',1,None),(b'x',None)]:
    t(s.sendto,*args)
for v in [-1, None, 'x', 1e20, float('nan'), float('inf'), 0, 1, 2.5, 1<<70, 3000000, -0.1, 1e9,1e10]:
    t(s.settimeout,v); print(s.gettimeout(), s.timeout)
t(s.setblocking); t(s.setblocking,'x'); t(s.setblocking,1); t(s.setblocking,1<<40)
for m in ['recv','recvfrom','recv_into','recvfrom_into','recvmsg','recvmsg_into','send','sendall','sendmsg','sendmsg_afalg','listen','shutdown','connect','connect_ex','bind','accept','_accept','detach']:
    f=getattr(s,m,None)
    if f is None: continue
    for args in [('x',),(-1,),(1,'x'),(bytearray(3),5),(bytearray(3),-1),(1<<70,), (1,2,3,4,5),(10,-1)]:
        if m in('listen',) and args in [(-1,),]: continue
        if m in ('detach',): continue
        t(f,*args)
    if m not in ('accept','_accept','detach','listen'): t(f)
t(s.sendmsg,[b'x'],[1]); t(s.sendmsg,[b'x'],[(1,2)]); t(s.sendmsg,[b'x'],[(1,2,3)]);t(s.sendmsg,[b'x'],5);t(s.sendmsg,['x']);t(s.sendmsg,[b'x'],[],'a');t(s.sendmsg,[b'x'],[],0,('x',))
t(s.sendmsg_afalg); t(s.sendmsg_afalg,[b'x'],op=1);t(s.sendmsg_afalg,op=-1);t(s.sendmsg_afalg,op=1,iv=1);t(s.sendmsg_afalg,op=1,assoclen=-1)
t(s.recvmsg_into,[b'x']);t(s.recvmsg_into,5)
t(_socket.socket,'x');t(_socket.socket,1.5); t(_socket.socket,fileno=1.5);t(_socket.socket,fileno=-1);t(_socket.socket,fileno='x');t(_socket.socket,fileno=1<<70);t(_socket.socket,fileno=99);t(_socket.socket,1,2,3,4,5);t(_socket.socket,foo=1);t(_socket.socket,9999);t(_socket.socket,1<<40)
for f in ['inet_aton','inet_ntoa','htons','ntohs','htonl','ntohl','CMSG_LEN','CMSG_SPACE','setdefaulttimeout']:
    for args in [(),(1,),('x',),(-1,),(1<<17,),(1<<33,),(1<<70,),(b'abc',),(b'abcd',),('1.2.3',),('lo',),(b'lo',),('127.0.0.1',),(1,2),('tcp',),(2.5,),('::1',),('a\0b',)]:
        if f in('close','dup','sethostname') and args and type(args[0]) is int and args[0] < 5 or f=='sethostname' and args and type(args[0]) is not int: continue
        if f=='setdefaulttimeout' and args==(1,): continue
        if f.startswith('gethostby') and args and args[0] in('x','lo','tcp',b'abc',b'abcd',b'lo'): continue
        t(getattr(_socket,f),*args)
_socket.setdefaulttimeout(None)
for f,args in [('inet_pton',(2,'x')),('inet_pton',(2,'1.2.3.4')),('inet_pton',(10,'::1')),('inet_pton',(99,'::1')),('inet_pton',('a','b')),('inet_pton',()),('inet_ntop',(2,b'x')),('inet_ntop',(10,b'x')),('inet_ntop',(99,b'x')),('inet_ntop',(2,'x')),('inet_ntop',(10,b'\0'*15+b'\1')),('inet_ntop',(10,b'\0'*10+b'\xff\xff'+b'\1\2\3\4')),
 ('getnameinfo',()),('getnameinfo',(1,2)),('getnameinfo',((1,2),0)),('getnameinfo',(('127.0.0.1',80),3)),('getnameinfo',(('::1',80,1<<21),3)),('getnameinfo',(('127.0.0.1',80,0,0),3)),('getnameinfo',(('::1',80,0,0),3)),('getnameinfo',(('127.0.0.1','x'),3)),
 ('getaddrinfo',()),('getaddrinfo',('127.0.0.1',)),('getaddrinfo',('127.0.0.1',80)),('getaddrinfo',(None,None)),('getaddrinfo',(b'127.0.0.1',b'80',0,1)),('getaddrinfo',(1,2)),('getaddrinfo',('127.0.0.1',1.5)),('getaddrinfo',('127.0.0.1',1<<70)),('getaddrinfo',('127.0.0.1',-1,0,1)),('getaddrinfo',('127.0.0.1',80,2,1,6,0,7)),('getaddrinfo',('::1',80,0,1)),('getaddrinfo',('127.0.0.1','nosuch')),('getaddrinfo',('a\0b',1)),('getaddrinfo',('\u20ac'*90,1)),('getaddrinfo',('127.0.0.1','\ud800')),('getaddrinfo',('127.0.0.1',b'a\0b')),
 ('socketpair',('x',)),('socketpair',(2,)),('socketpair',(1,2,3,4)),('getdefaulttimeout',())]:
    t(getattr(_socket,f),*args)
t(_socket.getaddrinfo, host='127.0.0.1', port=1, type=1); t(_socket.getaddrinfo, 'localhost'); t(_socket.getaddrinfo, 'x', 1, bogus=2)
print(_socket.error, _socket.timeout, _socket.gaierror.__mro__, _socket.herror.__mro__, _socket.gaierror.__module__)
s.close(); t(s.recv,1); t(s.fileno); t(s.close); t(s.getsockname); 
