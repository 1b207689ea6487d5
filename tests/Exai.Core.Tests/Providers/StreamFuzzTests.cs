using System.Globalization;
using System.Text;
using Exai.Core.Providers;

namespace Exai.Core.Tests.Providers;

/// <summary>
/// Broken streams by chance, from one seed: flipped and lost bytes, doubled and spliced pieces, JSON of any shape in any place. Whatever comes
/// in, an answer or a <see cref="ProviderException"/> comes out, the same however it is split, within as many steps as there are bytes. A
/// failure names its seed; <c>EXAI_FUZZ_SEED</c> and <c>EXAI_FUZZ_CASES</c> choose others.
/// </summary>
public sealed class StreamFuzzTests
{
    private const int StepsBesideTheBytes = 16;

    private static readonly int Seed = FromEnvironment("EXAI_FUZZ_SEED", 20261114);
    private static readonly int Cases = FromEnvironment("EXAI_FUZZ_CASES", 10_000);

    [Fact]
    public async Task Broken_streams_end_in_an_answer_or_a_typed_failure()
    {
        var answers = 0;
        var failures = new HashSet<string>(StringComparer.Ordinal);
        for (var number = 0; number < Cases; number++)
        {
            var random = new Random(unchecked((Seed * 31) + number));
            var bytes = StreamMutations.Make(random);
            var status = random.Next(8) == 0 ? random.Next(300, 600) : 200;
            var client = random.Next(3);
            try
            {
                var first = await RunAsync(client, status, bytes, random);
                if (number % 4 == 0)
                    (await RunAsync(client, status, bytes, random)).Told().ShouldBe(first.Told());
                if (first.Failure is { } failure)
                    failures.Add(failure.FailureClass + failure.Error.Code);
                else
                    answers++;
                (first.Failure is not null || first.Calls.Count > 0 || !string.IsNullOrWhiteSpace(first.Text)).ShouldBeTrue("success without an answer");
                first.Failure?.Message.Any(char.IsControl).ShouldBeFalse("control characters in the message");
            }
            catch (Exception exception)
            {
                Assert.Fail($"Seed {Seed}, case {number}, client {client}, status {status}: {exception}\nThe bytes: {Encoding.Latin1.GetString(bytes)}");
            }
        }

        // The chance must reach both sides, or the test proves nothing.
        answers.ShouldBeGreaterThan(Cases / 20);
        failures.Count.ShouldBeGreaterThan(5);
    }

    private static async Task<Outcome> RunAsync(int client, int status, byte[] bytes, Random random)
    {
        var handler = new VerbatimHandler { Status = (System.Net.HttpStatusCode)status, Reads = Split(bytes, random) };
        var (chat, model) = client switch
        {
            0 => (Wire.Glm(handler), "glm-4.5v"),
            1 => (Wire.Kimi(handler), "kimi-k2.6"),
            _ => (Wire.Generic(handler), "some-model"),
        };
        var outcome = await Wire.RunAsync(chat, Wire.Options(model));

        outcome.Updates.Count.ShouldBeLessThan(bytes.Length + StepsBesideTheBytes);
        handler.Body.ShouldNotBeNull().ReadCount.ShouldBeLessThan(handler.Reads.Count + (bytes.Length / 512) + StepsBesideTheBytes);
        return outcome;
    }

    private static List<byte[]> Split(byte[] bytes, Random random)
    {
        var reads = new List<byte[]>();
        var longest = random.Next(3) == 0 ? 7 : 500;
        for (var at = 0; at < bytes.Length;)
        {
            var next = Math.Min(bytes.Length, at + random.Next(1, longest));
            reads.Add(bytes[at..next]);
            at = next;
        }

        return reads;
    }

    private static int FromEnvironment(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
