using Exai.Shim.Messages;

namespace Exai.Shim.Stdio;

/// <summary>
/// The way of answers to the client: one line each, or together with those to the other requests of its batch. Belongs to the relay's
/// one loop; not thread-safe.
/// </summary>
internal sealed class ClientAnswers(LineWriter output)
{
    private readonly Dictionary<RequestId, Batch> _batches = [];
    private Batch? _reading;

    /// <summary>Something that answers nothing.</summary>
    public void Tell(ReadOnlyMemory<byte> message) => output.Write(message);

    /// <summary>A note that nobody misses: dropped for a client that has not read the earlier ones.</summary>
    public void Mention(ReadOnlyMemory<byte> message) => output.WriteIfRead(message);

    /// <summary>A request was read that gets exactly one answer, or is forgotten.</summary>
    public void Expect(RequestId id)
    {
        if (_reading is not null)
        {
            _batches[id] = _reading;
            _reading.Open++;
        }
    }

    public void Answer(RequestId id, ReadOnlyMemory<byte> response)
    {
        if (!_batches.Remove(id, out var batch))
        {
            output.Write(response);
            return;
        }

        batch.Open--;
        batch.Responses.Add(response);
        WriteWhenWhole(batch);
    }

    /// <summary>Answers what is no request that could be expected: no message at all, or an id that is taken.</summary>
    public void Refuse(ReadOnlyMemory<byte> error)
    {
        if (_reading is null)
        {
            output.Write(error);
        }
        else
        {
            _reading.Responses.Add(error);
        }
    }

    /// <summary>The client cancelled the request: there is no answer.</summary>
    public void Forget(RequestId id)
    {
        if (_batches.Remove(id, out var batch))
        {
            batch.Open--;
            WriteWhenWhole(batch);
        }
    }

    /// <summary>Reads the messages of a batch; its answers leave together, when the last one is there.</summary>
    public void ReadBatch(IEnumerable<ReadOnlyMemory<byte>> messages, Action<ReadOnlyMemory<byte>> read)
    {
        var batch = _reading = new Batch();
        try
        {
            foreach (var message in messages)
            {
                read(message);
            }
        }
        finally
        {
            _reading = null;
            WriteWhenWhole(batch);
        }
    }

    private void WriteWhenWhole(Batch batch)
    {
        if (batch.Open > 0 || batch == _reading || batch.Responses.Count == 0)
        {
            return;
        }

        // Together they may be longer than a client reads in one line; then they leave in several.
        var from = 0;
        while (from < batch.Responses.Count)
        {
            var (to, bytes) = (from + 1, batch.Responses[from].Length);
            while (to < batch.Responses.Count && bytes + batch.Responses[to].Length + 1 < RpcMessages.LongestLine)
            {
                bytes += batch.Responses[to++].Length + 1;
            }

            output.Write(RpcMessages.Array(batch.Responses[from..to]));
            from = to;
        }
    }

    private sealed class Batch
    {
        /// <summary>Requests without an answer.</summary>
        public int Open { get; set; }

        public List<ReadOnlyMemory<byte>> Responses { get; } = [];
    }
}
