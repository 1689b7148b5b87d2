"""Listeners that hand the figures of a run to programs made for looking at them: TensorBoard, MLflow."""
