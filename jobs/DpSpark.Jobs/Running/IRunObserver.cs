using DpSpark.Engine.Flow;

namespace DpSpark.Jobs.Running;

/// <summary>Is told what a run does. Nothing it hears depends on the data but the number of released rows.</summary>
public interface IRunObserver
{
    /// <summary>A step was reached.</summary>
    /// <param name="step">Its name: <c>contract</c>, <c>reserve</c>, <c>bound</c>, <c>write</c>, <c>commit</c>, …</param>
    /// <param name="text">What there is to say about it.</param>
    void Step(string step, string text);

    /// <summary>A stage of the engine moved on.</summary>
    /// <param name="progress">How far it is.</param>
    void Progress(StageProgress progress);
}
