value = "from the package"
