using DpSpark.Worker.Hosting;

return WorkerProcess.Run();
