# Whoever writes one key too many can learn it.
from bocpy import notice_write, start, wait

start()
results = [notice_write(f"key {number}", number) for number in range(65)]
for result in results[:64]:
    assert result.result(10) is None
try:
    results[64].result(10)
except RuntimeError:
    pass
else:
    raise AssertionError("the error is lost")
wait()
