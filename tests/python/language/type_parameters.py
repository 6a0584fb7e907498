class Box[T: int, *Ts, **P]:
    def get[U](self, x: U) -> T: ...


type Alias[K] = dict[K, list[K]]


def first[T](items: list[T]) -> T:
    return items[0]


print(Box.__type_params__, Box.__parameters__)
print(first.__type_params__, first([3]))
print(Alias, Alias.__value__, Alias[int], Alias.__type_params__[0].__bound__)
print(Box.__type_params__[0].__bound__, Box[int, str, [bool]])
print(first.__annotations__)


def lazily(x: undefined) -> also_undefined: ...


try:
    lazily.__annotations__
except NameError as error:
    print(error)
