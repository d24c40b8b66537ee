"""The background job: what its caller may rely on."""

import threading
import time

import pytest

from relight_stage.addon.worker import Cancelled, Job, Stream
from relight_stage.errors import PhotoError


def test_the_result_is_what_the_work_returned():
    assert Job(lambda progress: 42).start().result() == 42


def test_the_caller_is_not_kept_waiting_and_sees_progress():
    reported, go_on = threading.Event(), threading.Event()

    def work(progress):
        progress(0.25, "Finding the person")
        reported.set()
        go_on.wait(10)
        return "relit"

    job = Job(work).start()
    assert reported.wait(10)
    assert not job.is_done()
    assert job.fraction == 0.25
    assert job.line().startswith("25%  Finding the person  ")
    go_on.set()
    assert job.result() == "relit"
    assert job.is_done()


def test_cancelling_stops_the_work_at_its_next_report():
    reported, go_on, beyond = threading.Event(), threading.Event(), []

    def work(progress):
        progress(0.1, "first")
        reported.set()
        go_on.wait(10)
        progress(0.2, "second")
        beyond.append("third")

    job = Job(work).start()
    assert reported.wait(10)
    job.cancel()
    go_on.set()
    with pytest.raises(Cancelled):
        job.result()
    assert beyond == []
    assert job.fraction == 0.1


def test_an_error_of_the_work_reaches_the_caller_whole():
    def work(progress):
        raise PhotoError("Nobody is in this photo.")

    with pytest.raises(PhotoError, match=r"^Nobody is in this photo\.$"):
        Job(work).start().result()


def test_two_jobs_never_work_at_the_same_time():
    inside, most = [], []
    barrier = threading.Barrier(2, timeout=0.2)

    def work(progress):
        inside.append(1)
        most.append(len(inside))
        # Were both inside, the barrier would let them through; alone, each waits in vain.
        with pytest.raises(threading.BrokenBarrierError):
            barrier.wait()
        inside.pop()

    jobs = [Job(work).start(), Job(work).start()]
    for job in jobs:
        job.result()
    assert most == [1, 1]


def test_a_job_cancelled_while_it_waits_its_turn_never_starts():
    running, go_on, started = threading.Event(), threading.Event(), []

    def first(progress):
        running.set()
        go_on.wait(10)

    one = Job(first).start()
    assert running.wait(10)
    two = Job(lambda progress: started.append(1)).start()
    two.cancel()
    go_on.set()
    one.result()
    with pytest.raises(Cancelled):
        two.result()
    assert started == []


# The stream


def taken(stream, count, longest_s=5.0):
    """The next results of a stream."""
    results, until = [], time.monotonic() + longest_s
    while len(results) < count and time.monotonic() < until:
        result = stream.take()
        if result is not None:
            results.append(result)
        time.sleep(0.005)
    return results


def test_results_become_better_while_nothing_newer_is_wanted():
    stream = Stream(lambda request: iter([(request, "rough"), (request, "good")]), settle_s=0.05)
    stream.submit(1)
    assert taken(stream, 2) == [(1, "rough"), (1, "good")]
    assert stream.take() is None
    stream.close()


def test_the_newest_wish_wins_and_what_lies_between_is_dropped():
    begun, gate = [], threading.Event()

    def work(request):
        begun.append(request)
        gate.wait(5)
        yield request
        yield (request, "good")

    stream = Stream(work, settle_s=0.05)
    stream.submit(0)
    while not begun:
        time.sleep(0.005)
    for wish in (1, 2, 3):
        stream.submit(wish)
    gate.set()
    deadline = time.monotonic() + 5
    while stream.take() != (3, "good") and time.monotonic() < deadline:
        time.sleep(0.005)
    assert begun == [0, 3]
    stream.close()


def test_a_failed_wish_is_told_once_and_the_next_is_served():
    def work(request):
        if request == "bad":
            raise ValueError("no")
        yield request

    stream = Stream(work, settle_s=0.0)
    stream.submit("bad")
    with pytest.raises(ValueError, match="no"):
        taken(stream, 1)
    stream.submit("good")
    assert taken(stream, 1) == ["good"]
    stream.close()


def test_making_better_is_interrupted_by_a_newer_wish():
    stop, begun = threading.Event(), threading.Event()

    def work(request):
        yield request
        if request == 1:
            begun.set()
            assert stop.wait(5)
            raise RuntimeError("interrupted")

    stream = Stream(work, settle_s=0.0, interrupt=stop.set)
    stream.submit(1)
    assert begun.wait(5)
    stream.submit(2)
    # What is interrupted fails, and nobody hears of it.
    assert taken(stream, 2, longest_s=1.0)[-1] == 2
    assert stop.is_set()
    stream.close()


def test_a_job_that_is_waited_for_is_not_interrupted():
    """A wish that comes while a better picture waits for a job drops that picture; the job's networks run on."""
    interrupted, begun, go_on = threading.Event(), threading.Event(), threading.Event()
    stream = Stream(lambda request: iter([request, -request]), settle_s=0.2, interrupt=interrupted.set)
    stream.submit(1)
    assert taken(stream, 1) == [1]

    def work(progress):
        begun.set()
        assert go_on.wait(5)

    job = Job(work).start()
    assert begun.wait(5)
    time.sleep(0.4)  # the stream wants its better picture by now
    stream.submit(2)
    time.sleep(0.1)
    go_on.set()
    job.result()
    assert taken(stream, 2)[-1] == -2
    assert not interrupted.is_set()
    stream.close()


def test_a_closed_stream_serves_nobody():
    stream = Stream(lambda request: iter([request]), settle_s=0.0)
    stream.close()
    stream.submit(1)
    assert taken(stream, 1, longest_s=0.2) == []
