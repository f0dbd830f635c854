"""Azure Quantum: targets of IonQ, Quantinuum and Rigetti."""
