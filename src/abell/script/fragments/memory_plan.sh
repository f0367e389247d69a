abell_memory() { abell_total=$abell_memory_asked; }
