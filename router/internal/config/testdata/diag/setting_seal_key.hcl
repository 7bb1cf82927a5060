seal_key = "hunter2-literal"
