def test_the_payload_is_stored(session, stored):
    assert stored.raw_response == {"markets": []}
