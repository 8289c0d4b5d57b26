// InferenceEngine
