print("overtile")
