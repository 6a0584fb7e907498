def divide(numbers, by):
    return [n / by for n in numbers]


def main():
    data = {"a": [1, 2]}
    print(data["a"][0] + divide(data["a"], 0)[1] * 3)


main()
