namespace Exai.Settings.Logs;

/// <summary>From entries to lines: collapse repeats, give them their form, hand them to the file and to standard error. Never throws.</summary>
internal sealed class LogPipeline : IDisposable
{
    private readonly Lock _lock = new();
    private readonly RepeatCollapser _collapser = new();
    private readonly List<LogEntry> _due = [];
    private readonly Func<LogEntry, string> _format;
    private readonly RollingFile? _file;
    private readonly List<LineQueue> _queues = [];
    private long _failed;

    public LogPipeline(ExaiLogOptions options, TextWriter? standardError)
    {
        _format = options.Json ? LineFormat.Json : LineFormat.Text;
        if (options.FilePath is { } path)
        {
            _file = new RollingFile(path, options.MaxFileBytes, options.MaxFiles);
            _queues.Add(new LineQueue(_file.Write));
        }

        if (options.ToStandardError)
        {
            var writer = standardError ?? Console.Error;
            _queues.Add(new LineQueue(line => WriteLine(writer, line)));
        }
    }

    /// <summary>Lines that were lost.</summary>
    public long Dropped => Interlocked.Read(ref _failed) + _queues.Sum(queue => queue.Dropped);

    public void Add(LogEntry entry)
    {
        try
        {
            // Under the lock so that lines keep their order; nothing in here does I/O.
            lock (_lock)
            {
                _collapser.Add(entry, _due);
                EmitUnsynchronized();
            }
        }
        catch (Exception)
        {
            // A value whose ToString fails must not fail the code that logs it.
            Interlocked.Increment(ref _failed);
        }
    }

    public bool Flush(TimeSpan patience) => _queues.TrueForAll(queue => queue.Flush(patience));

    public void Dispose()
    {
        lock (_lock)
        {
            _collapser.TakeAll(_due);
            EmitUnsynchronized();
        }

        // The file is closed only when its writer is idle; a stuck one keeps it until the process ends.
        var isIdle = Flush(TimeSpan.FromSeconds(1));
        foreach (var queue in _queues)
        {
            queue.Dispose();
        }

        if (isIdle)
        {
            _file?.Dispose();
        }
    }

    private void EmitUnsynchronized()
    {
        try
        {
            foreach (var entry in _due)
            {
                var line = _format(entry);
                foreach (var queue in _queues)
                {
                    queue.Add(line);
                }
            }
        }
        finally
        {
            _due.Clear();
        }
    }

    private static void WriteLine(TextWriter writer, string line)
    {
        writer.Write(line + "\n");
        writer.Flush();
    }
}
