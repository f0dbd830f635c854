"""What is known of objects: versions never go back, and what was deleted stays so."""

import sys

from qee.kube.port import Object
from qee.kube.store import Store, lean


def obj(name: str, version: int, uid: str = "u", **labels: str) -> Object:
    meta = {"namespace": "default", "name": name, "uid": uid, "resourceVersion": str(version), "labels": labels}
    return {"metadata": meta}


def store() -> Store[Object]:
    return Store(lambda each: each, lambda each: each["metadata"]["labels"].values())


def test_an_older_event_is_no_news_and_changes_nothing() -> None:
    kept = store()
    assert kept.tell("ADDED", obj("a", 5))
    assert not kept.tell("MODIFIED", obj("a", 4))
    assert not kept.tell("MODIFIED", obj("a", 5))
    assert kept.items["default/a"] == obj("a", 5)


def test_an_answer_that_comes_late_does_not_bring_back_what_was_deleted() -> None:
    kept = store()
    assert kept.believes(obj("a", 5))
    kept.tell("ADDED", obj("a", 5))
    kept.tell("DELETED", obj("a", 7))
    assert not kept.believes(obj("a", 6))
    assert kept.believes(obj("a", 8, "another"))


def test_the_deletion_of_a_predecessor_leaves_the_one_of_its_name() -> None:
    kept = store()
    kept.tell("ADDED", obj("a", 9, "new"))
    kept.tell("DELETED", obj("a", 8, "old"))
    assert kept.items["default/a"] == obj("a", 9, "new")


def test_objects_are_found_by_their_groups_and_leave_nothing_behind() -> None:
    kept = store()
    kept.tell("ADDED", obj("a", 1, job="x"))
    kept.tell("ADDED", obj("b", 2, job="x"))
    kept.tell("ADDED", obj("c", 3, job="y"))
    assert [each["metadata"]["name"] for each in kept.group("x")] == ["a", "b"]
    kept.tell("MODIFIED", obj("a", 4, job="y"))
    assert [each["metadata"]["name"] for each in kept.group("y")] == ["a", "c"]
    for name, version in (("a", 5), ("b", 6), ("c", 7)):
        kept.tell("DELETED", obj(name, version))
    assert (kept.items, kept._known, kept._members) == ({}, {}, {})


def test_what_is_released_is_known_by_its_version_until_it_changes() -> None:
    kept = store()
    kept.tell("ADDED", obj("a", 1))
    kept.release(["default/a"])
    assert not kept.items
    assert not kept.tell("MODIFIED", obj("a", 1))
    assert kept.tell("MODIFIED", obj("a", 2))
    assert kept.items


def test_what_nobody_reads_is_left_out() -> None:
    found = obj("a", 1)
    found["metadata"] |= {
        "managedFields": [1],
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "x", "mine": "y"},
    }
    assert lean(found)["metadata"]["annotations"] == {"mine": "y"}
    assert "managedFields" not in lean(found)["metadata"]
    assert "managedFields" in found["metadata"], "the object itself stays as it was"


def test_room_is_made_once_enough_has_gone_and_what_stays_is_known_as_before() -> None:
    kept = store()
    for number in range(100):
        kept.tell("ADDED", obj(str(number), number + 1, job="x"))
    large = sys.getsizeof(kept.items)
    for number in range(1, 100):
        kept.tell("DELETED", obj(str(number), number + 200))
    assert kept.gone == 99
    kept.shrink()
    assert kept.gone == 0
    assert sys.getsizeof(kept.items) < large
    assert kept.group("x") == [obj("0", 1, job="x")]
