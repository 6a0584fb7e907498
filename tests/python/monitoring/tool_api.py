# The functions of sys.monitoring and what they refuse.
import sys
m=sys.monitoring
def t(f,*a,**k):
    try: print(f(*a,**k))
    except BaseException as e: print(type(e).__name__, e)
t(m.use_tool_id,6,'x'); t(m.use_tool_id,0,3);t(m.use_tool_id,0,'a');t(m.use_tool_id,0,'b');t(m.get_tool,0);t(m.get_tool,1);t(m.get_tool,9)
t(m.use_tool_id,'a','b')
t(m.set_events,0,-1);t(m.set_events,0,1<<19);t(m.set_events,1,1);t(m.set_events,0,m.events.C_RETURN);t(m.set_events,0,m.events.BRANCH);t(m.get_events,0);t(m.set_events,0,0)
t(m.set_events,0,m.events.CALL|m.events.C_RETURN); t(m.set_events,0,m.events.CALL|m.events.C_RETURN|m.events.C_RAISE);t(m.get_events,0);t(m.set_events,0,m.events.CALL);t(m.get_events,0)
t(m.set_events,0,0)
c=t.__code__
t(m.set_local_events,0,3,1);t(m.set_local_events,0,c,-1);t(m.set_local_events,0,c,1<<11);t(m.set_local_events,0,c,1<<19);t(m.set_local_events,0,c,m.events.RAISE);t(m.set_local_events,0,c,m.events.BRANCH);t(m.get_local_events,0,c);t(m.set_local_events,0,c,0)
t(m.set_local_events,0,c,m.events.C_RETURN);t(m.set_local_events,0,c,m.events.CALL|m.events.C_RETURN|m.events.C_RAISE);t(m.get_local_events,0,c);t(m.set_local_events,0,c,0);t(m.get_local_events,0,3)
t(m.register_callback,0,0,len);t(m.register_callback,0,3,len);t(m.register_callback,0,1<<19,len);t(m.register_callback,0,1,len);t(m.register_callback,0,1,None);t(m.register_callback,0,1,None);t(m.register_callback,0,m.events.BRANCH,len);t(m.register_callback,0,m.events.BRANCH,None)
t(m.register_callback,0,m.events.BRANCH,len);t(m.register_callback,0,m.events.BRANCH_LEFT,None);t(m.register_callback,0,m.events.BRANCH_RIGHT,None)
t(m.register_callback,0,m.events.BRANCH,len);t(m.register_callback,0,m.events.BRANCH_LEFT,print);t(m.register_callback,0,m.events.BRANCH,None);
t(m.register_callback,1,1,len);t(m.register_callback,0,-4,len);t(m.register_callback,0,1,3)
m.set_events(0,m.events.LINE|m.events.RAISE);print(m._all_events())
t(m.clear_tool_id,1);t(m.clear_tool_id,0);t(m.get_events,0);t(m.free_tool_id,0);t(m.get_tool,0);t(m.free_tool_id,0);t(m.get_events,0);t(m.restart_events)
print(type(m.register_callback(0,m.events.BRANCH_LEFT,None)))
