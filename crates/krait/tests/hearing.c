/* An extension module that hears of things: watchers, audit hooks and pending
 * calls. It needs no header, see extension.c. */

#include <stddef.h>
#include <stdint.h>

typedef struct Object { uint32_t count; uint32_t rest; struct Type *type; } Object;
typedef struct Type { Object base; ptrdiff_t size; const char *name; } Type;
typedef struct { const char *name; void *call; int flags; const char *doc; } Method;
typedef struct {
    Object base; void *init; ptrdiff_t index; Object *copy;
    const char *name, *doc; ptrdiff_t size; Method *methods; void *slots;
    void *traverse, *clear, *free;
} Definition;
typedef struct { const char *name, *doc; } Field;
typedef struct { const char *name, *doc; Field *fields; int visible; } Description;

extern Object _Py_NoneStruct;
extern const char *const PyStructSequence_UnnamedField;
Object *PyModuleDef_Init(Definition *);
Object *Py_BuildValue(const char *, ...);
Object *PyList_New(ptrdiff_t);
int PyList_Append(Object *, Object *);
Object *PyLong_FromLong(long);
Object *PyUnicode_FromString(const char *);
int PyDict_AddWatcher(int (*)(int, Object *, Object *, Object *));
int PyDict_ClearWatcher(int);
int PyDict_Watch(int, Object *);
int PyDict_Unwatch(int, Object *);
int PyType_AddWatcher(int (*)(Object *));
int PyType_ClearWatcher(int);
int PyType_Watch(int, Object *);
int PyFunction_AddWatcher(int (*)(int, Object *, Object *));
int PyFunction_ClearWatcher(int);
int PyCode_AddWatcher(int (*)(int, Object *));
int PyCode_ClearWatcher(int);
int PySys_AddAuditHook(int (*)(const char *, Object *, void *), void *);
int Py_AddPendingCall(int (*)(void *), void *);
int PyStructSequence_InitType2(void *, Description *);
Object *PyStructSequence_New(void *);
void PyStructSequence_SetItem(Object *, ptrdiff_t, Object *);
int PyConfig_Set(const char *, Object *);
void Py_DecRef(Object *);
void Py_IncRef(Object *);
int strcmp(const char *, const char *);

static Object *heard;
static int dicts, types, functions, codes;

static int note(Object *entry) {
    int status = entry ? PyList_Append(heard, entry) : -1;
    if (entry)
        Py_DecRef(entry);
    return status;
}

static Object *none(void) {
    Py_IncRef(&_Py_NoneStruct);
    return &_Py_NoneStruct;
}

static Object *or_none(Object *object) { return object ? object : &_Py_NoneStruct; }

static int of_dict(int event, Object *dict, Object *key, Object *value) {
    return note(Py_BuildValue("(siOO)", "dict", event, or_none(key), or_none(value)));
}
static int of_type(Object *type) { return note(Py_BuildValue("(sO)", "type", type)); }
static int of_function(int event, Object *function, Object *value) {
    return note(Py_BuildValue("(sis)", "function", event, value ? value->type->name : "nothing"));
}
static int of_code(int event, Object *code) { return note(Py_BuildValue("(si)", "code", event)); }
static int of_event(const char *event, Object *args, void *data) {
    return strcmp(event, data) ? 0 : note(Py_BuildValue("(sO)", event, args));
}
static int of_call(void *data) { return note(Py_BuildValue("(s)", data)); }

static Object *begin(Object *self, Object *args) {
    heard = PyList_New(0);
    dicts = PyDict_AddWatcher(of_dict);
    types = PyType_AddWatcher(of_type);
    return heard ? Py_BuildValue("(Oii)", heard, dicts, types) : NULL;
}

static Object *watch_dict(Object *self, Object *dict) {
    return PyDict_Watch(dicts, dict) < 0 ? NULL : none();
}
static Object *unwatch_dict(Object *self, Object *dict) {
    return PyDict_Unwatch(dicts, dict) < 0 ? NULL : none();
}
static Object *watch_type(Object *self, Object *type) {
    return PyType_Watch(types, type) < 0 ? NULL : none();
}
static Object *watch_code(Object *self, Object *ignored) {
    functions = PyFunction_AddWatcher(of_function);
    codes = PyCode_AddWatcher(of_code);
    return none();
}
static Object *unwatch_code(Object *self, Object *ignored) {
    return PyFunction_ClearWatcher(functions) | PyCode_ClearWatcher(codes) ? NULL : none();
}
static Object *clear(Object *self, Object *ignored) {
    return PyDict_ClearWatcher(dicts) | PyType_ClearWatcher(types) ? NULL : none();
}
static Object *clear_dicts(Object *self, Object *ignored) {
    return PyDict_ClearWatcher(dicts) ? NULL : none();
}
static Object *audit(Object *self, Object *ignored) {
    return PySys_AddAuditHook(of_event, "hearing.test") < 0 ? NULL : none();
}
static Object *later(Object *self, Object *ignored) {
    return Py_AddPendingCall(of_call, "called") < 0 ? NULL : none();
}
static Object *set_option(Object *self, Object *value) {
    return PyConfig_Set("bytes_warning", value) < 0 ? NULL : none();
}

static uintptr_t point_type[80];

static Object *point(Object *self, Object *ignored) {
    Field fields[] = {
        {"x", "first"}, {PyStructSequence_UnnamedField, NULL}, {"hidden", "last"}, {NULL, NULL},
    };
    Description description = {"hearing.Point", "A point.", fields, 2};
    if (!point_type[3] && PyStructSequence_InitType2(point_type, &description) < 0)
        return NULL;
    Object *value = PyStructSequence_New(point_type);
    for (int i = 0; value && i < 3; i++)
        PyStructSequence_SetItem(value, i, PyLong_FromLong(10 + i));
    return value;
}

static Method methods[] = {
    {"begin", begin, 4, NULL},
    {"watch_dict", watch_dict, 8, NULL},
    {"unwatch_dict", unwatch_dict, 8, NULL},
    {"watch_type", watch_type, 8, NULL},
    {"watch_code", watch_code, 4, NULL},
    {"unwatch_code", unwatch_code, 4, NULL},
    {"clear", clear, 4, NULL},
    {"clear_dicts", clear_dicts, 4, NULL},
    {"audit", audit, 4, NULL},
    {"later", later, 4, NULL},
    {"set_option", set_option, 8, NULL},
    {"point", point, 4, NULL},
    {NULL},
};
static Definition definition = {
    {1, 0, NULL}, NULL, 0, NULL, "hearing", "A test.", 0, methods, NULL,
};

Object *PyInit_hearing(void) { return PyModuleDef_Init(&definition); }
