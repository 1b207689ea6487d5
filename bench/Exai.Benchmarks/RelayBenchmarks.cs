using System.Text;
using BenchmarkDotNet.Attributes;
using Exai.Shim.Messages;

namespace Exai.Benchmarks;

/// <summary>What the shim does to a message on its way: it finds what it must know in the bytes, and puts a call id into them.</summary>
[MemoryDiagnoser, InProcess]
public class RelayBenchmarks
{
    private byte[] _call = null!;
    private byte[] _answer = null!;

    /// <summary>Of the text that the message carries.</summary>
    [Params(100, 10_000, 1_000_000)]
    public int Characters { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var text = new string('x', Characters);
        _call = Encoding.UTF8.GetBytes($$$$"""{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"chat","arguments":{"prompt":"{{{{text}}}}"},"_meta":{"progressToken":7}}}""");
        _answer = Encoding.UTF8.GetBytes($$$$"""{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"{{{{text}}}}"}]}}""");
    }

    [Benchmark]
    public int ReadCall() => Envelope.Parse(_call).ParamsStart;

    [Benchmark]
    public int ReadCallAndSetItsId()
    {
        var call = Envelope.Parse(_call);
        var (_, meta) = JsonSlice.Member(call.Bytes[call.ParamsStart..], "_meta");
        return JsonSlice.SetMember(call.Bytes, call.ParamsStart + meta, "exai/callId", "\"0198c0de-0000-7000-8000-000000000000\"").Length;
    }

    [Benchmark]
    public bool ReadAnswer() => Envelope.Parse(_answer).Id.HasValue;
}
