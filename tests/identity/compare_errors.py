"""Compare our errors with recorded ones: compare_errors.py ERRORDUMP RECORDED [LIMIT]"""

import json
import subprocess
import sys

program, recorded, *limit = sys.argv[1:]
limit = int(limit[0]) if limit else 3
with open(recorded, encoding="utf-8", errors="surrogatepass") as stream:
    cases = [json.loads(line) for line in stream]
lines = "".join(f"{case['mode']} {case['source'].encode().hex()}\n" for case in cases)
answers = subprocess.run([program], input=lines.encode(), capture_output=True).stdout
answers = [json.loads(line) for line in answers.decode().splitlines()]
if len(answers) != len(cases):
    print("stopped at", cases[len(answers)]["source"][:300])
counts = {"same": 0, "rejected": 0}
groups = {}
for case, answer in zip(cases, answers):
    expected = case["error"]
    if expected is None:
        if answer is not None:
            groups.setdefault(f"wrongly rejected: {answer[1]}", []).append((case, expected, answer))
        continue
    counts["rejected"] += 1
    if answer is None:
        groups.setdefault(f"accepted: {expected[1]}", []).append((case, expected, answer))
    elif answer[:2] != expected[:2]:
        groups.setdefault(f"message: {expected[1]}", []).append((case, expected, answer))
    elif answer[2:6] != expected[2:6]:
        groups.setdefault(f"position: {expected[1]}", []).append((case, expected, answer))
    else:
        counts["same"] += 1
print(counts)
for name, found in sorted(groups.items(), key=lambda item: -len(item[1])):
    print(f"{len(found):5} {name}")
    for case, expected, answer in found[:limit]:
        print("        ", case["mode"], repr(case["source"][:150]), expected and expected[2:6], answer and answer[1:6])
