namespace DpSpark.Worker.Protocol;

/// <summary>The peer is gone: the task was cancelled, or Spark ended. Never an error to report, because nobody listens.</summary>
internal sealed class ConnectionLostException(Exception? inner = null) : Exception("The peer closed the connection.", inner);
