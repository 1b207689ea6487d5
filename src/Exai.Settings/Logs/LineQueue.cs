namespace Exai.Settings.Logs;

/// <summary>
/// Hands lines to one writer on a thread of its own. A client that never reads the shim's standard error fills the pipe, and a write to it then blocks for
/// ever: that may cost lines, but never a call. A full queue drops the new line and counts it.
/// </summary>
/// <remarks>A thread and not a task, because the write blocks; it starts with the first line and ends with the process.</remarks>
internal sealed class LineQueue : IDisposable
{
    private readonly object _gate = new();
    private readonly Queue<string> _lines = new();
    private readonly Action<string> _write;
    private readonly int _capacity;
    private Thread? _writer;
    private bool _isWriting;
    private bool _isClosed;
    private long _dropped;

    /// <param name="write">Called from one thread at a time; what it throws is counted as a lost line.</param>
    /// <param name="capacity">Lines that may wait.</param>
    public LineQueue(Action<string> write, int capacity = 10_000)
    {
        _write = write;
        _capacity = capacity;
    }

    /// <summary>Lines that were lost.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    public void Add(string line)
    {
        lock (_gate)
        {
            if (_isClosed || _lines.Count >= _capacity)
            {
                Interlocked.Increment(ref _dropped);
                return;
            }

            _lines.Enqueue(line);
            if (_writer is null)
            {
                _writer = new Thread(WriteLines) { IsBackground = true, Name = "exai log" };
                _writer.Start();
            }

            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits until everything added so far is written.</summary>
    /// <returns>False when the writer is stuck and the time ran out.</returns>
    public bool Flush(TimeSpan patience)
    {
        lock (_gate)
        {
            while (_lines.Count > 0 || _isWriting)
            {
                if (!Monitor.Wait(_gate, patience))
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>Writes what waits, for at most a second: a stuck reader must not keep the program from ending.</summary>
    public void Dispose()
    {
        Flush(TimeSpan.FromSeconds(1));
        lock (_gate)
        {
            _isClosed = true;
            Monitor.PulseAll(_gate);
        }
    }

    private void WriteLines()
    {
        while (true)
        {
            string line;
            lock (_gate)
            {
                _isWriting = false;
                Monitor.PulseAll(_gate);
                while (_lines.Count == 0)
                {
                    if (_isClosed)
                    {
                        return;
                    }

                    Monitor.Wait(_gate);
                }

                line = _lines.Dequeue();
                _isWriting = true;
            }

            try
            {
                _write(line);
            }
            catch (Exception)
            {
                // A full disk or a closed pipe: there is nowhere left to tell it, and the program goes on.
                Interlocked.Increment(ref _dropped);
            }
        }
    }
}
