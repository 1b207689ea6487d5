namespace Exai.Peers;

/// <summary>How long it is since it was started.</summary>
internal readonly struct Watch
{
    private readonly long _started;

    private Watch(long started) => _started = started;

    public TimeSpan Elapsed => TimeProvider.System.GetElapsedTime(_started);

    public static Watch Start() => new(TimeProvider.System.GetTimestamp());
}
