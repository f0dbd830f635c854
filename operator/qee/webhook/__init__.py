"""The admission server: may this QuantumJob be stored?"""
