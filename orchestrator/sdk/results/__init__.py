"""Results that outlive their process: how they are written (serializers), where (storage), and found again (store)."""
