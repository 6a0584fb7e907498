/* An extension module that needs no header: it declares what it uses of the C
 * API, with the layouts that CPython 3.14 promises. */

#include <stddef.h>
#include <stdint.h>

typedef struct Object { uint32_t count; uint32_t rest; struct Object *type; } Object;
typedef Object *(*Function)(Object *, Object *);
typedef struct { const char *name; void *call; int flags; const char *doc; } Method;
typedef struct { int slot; void *value; } Slot;
typedef struct { const char *name; int basicsize, itemsize; unsigned flags; Slot *slots; } Spec;
typedef struct { const char *name; int kind; ptrdiff_t offset; int flags; const char *doc; } Member;
typedef struct {
    Object base; void *init; ptrdiff_t index; Object *copy;
    const char *name, *doc; ptrdiff_t size; Method *methods; Slot *slots;
    void *traverse, *clear, *free;
} Definition;

extern Object _Py_NoneStruct, PyLong_Type, PyList_Type;
extern Object *PyExc_ValueError;
Object *PyModuleDef_Init(Definition *);
Object *Py_BuildValue(const char *, ...);
Object *PyErr_Format(Object *, const char *, ...);
Object *PyLong_FromLong(long);
long PyLong_AsLong(Object *);
Object *PyList_GetItem(Object *, ptrdiff_t);
ptrdiff_t PyList_Size(Object *);
Object *PyType_FromSpec(Spec *);
Object *PyUnicode_FromFormat(const char *, ...);
int PyArg_ParseTupleAndKeywords(Object *, Object *, const char *, char **, ...);
int PyModule_AddObjectRef(Object *, const char *, Object *);
void *PyEval_SaveThread(void);
void PyEval_RestoreThread(void *);
void *PyModule_GetState(Object *);
void Py_DecRef(Object *);
void Py_IncRef(Object *);

static Object *varargs(Object *self, Object *args, Object *kwargs) {
    static char *names[] = {"number", "text", "more", NULL};
    int number;
    const char *text = "none";
    Object *more = &_Py_NoneStruct;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "i|sO:varargs", names, &number, &text, &more))
        return NULL;
    return Py_BuildValue("(isO[dL]{s:n})", number, text, more, number / 2.0, (long long)number << 40,
                         "size", (ptrdiff_t)-1);
}

static Object *fast(Object *self, Object *const *args, ptrdiff_t count) {
    long sum = 0;
    for (ptrdiff_t i = 0; i < count; i++)
        sum += PyLong_AsLong(args[i]);
    return PyLong_FromLong(sum);
}

/* The value as macros read it from memory: a small int is an address without
 * memory until it is touched. Bit 2 of the tag says how long it lives. */
static Object *compact(Object *self, Object *number) {
    uintptr_t tag = *(uintptr_t *)(number + 1);
    uint32_t digit = *(uint32_t *)((char *)number + 24);
    if (number->type != &PyLong_Type)
        return PyErr_Format(PyExc_ValueError, "%R is no int but %T", number, number);
    return Py_BuildValue("(kI)", (unsigned long)(tag & ~(uintptr_t)4), digit);
}

/* Borrowed references leave the count as it is. */
static Object *borrow(Object *self, Object *list) {
    uint32_t before = PyList_GetItem(list, 0)->count;
    for (int i = 0; i < 100; i++)
        PyList_GetItem(list, i % PyList_Size(list));
    return Py_BuildValue("i", (int)(PyList_GetItem(list, 0)->count - before));
}

static Object *nothing(Object *self, Object *ignored) {
    PyEval_RestoreThread(PyEval_SaveThread());
    Py_IncRef(&_Py_NoneStruct);
    return &_Py_NoneStruct;
}

static Object *count(Object *module, Object *ignored) {
    return PyLong_FromLong(++*(long *)PyModule_GetState(module));
}

static Object *fail(Object *self, Object *object) {
    return PyErr_Format(PyExc_ValueError, "%s: %05d %x %.3s %A", "fail", 42, 255, "abcdef", object);
}

typedef struct { Object base; int number; } Counter;

static Object *counter_repr(Counter *self) {
    return PyUnicode_FromFormat("<counter %d>", self->number);
}

static Object *counter_next(Counter *self) {
    return self->number < 3 ? PyLong_FromLong(self->number++) : NULL;
}

static Object *counter_iter(Object *self) {
    Py_IncRef(self);
    return self;
}

static Member members[] = {{"number", 1, offsetof(Counter, number), 0, "the next number"}, {NULL}};
static Slot slots[] = {
    {66, counter_repr}, {62, counter_iter}, {63, counter_next}, {72, members},
    {56, "Counter()\n--\n\nCounts to three."}, {0, NULL},
};
static Spec spec = {"extension.Counter", sizeof(Counter), 0, 1 << 10, slots};

static int execute(Object *module) {
    Object *type = PyType_FromSpec(&spec);
    if (!type || PyModule_AddObjectRef(module, "Counter", type) < 0)
        return -1;
    Py_DecRef(type);
    return 0;
}

static Method methods[] = {
    {"varargs", varargs, 3, "varargs(number, text='none', more=None)\n--\n\nAll kinds."},
    {"fast", fast, 0x80, NULL},   {"compact", compact, 8, NULL}, {"borrow", borrow, 8, NULL},
    {"nothing", nothing, 4, NULL}, {"count", count, 4, NULL},     {"fail", fail, 8, NULL},
    {NULL},
};
static Slot module_slots[] = {{2, execute}, {0, NULL}};
static Definition definition = {
    {1, 0, NULL}, NULL, 0, NULL, "extension", "A test.", sizeof(long), methods, module_slots,
};

Object *PyInit_extension(void) { return PyModuleDef_Init(&definition); }
